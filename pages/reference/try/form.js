/* The form of a draft: a field for each parameter, the body as JSON to edit. */

import { deref } from "../contract.js";
import { el, mono } from "../../dom.js";
import { settle, typesOf } from "../schema.js";
import { exampleOf } from "./draft.js";
import { locate } from "./locate.js";

let count = 0;
const fresh = () => `try-${count += 1}`;

export class Form {
  #fields = new Map();
  #body = null;

  constructor(draft) {
    this.draft = draft;
    this.views = [...draft.operation.parameters.map((one) => this.#field(one)), this.#bodyView()];
    draft.addEventListener("picked", () => this.#refill());
    this.#refill();
  }

  get first() {
    return this.#fields.values().next().value ?? this.#body;
  }

  /* Puts the reader where a violation is, and says whether there is such a place. */
  point({ in: place, pointer }) {
    const name = pointer.split("/")[1];
    const parameter = [...this.#fields.keys()].find((one) => one.in === place && one.name === name);
    const field = parameter ? this.#fields.get(parameter) : place === "body" && this.#body;
    if (!field) return false;
    field.focus();
    const [start, end] = (!parameter && locate(field.value, pointer)) || [0, field.value.length];
    field.setSelectionRange?.(start, end);
    return true;
  }

  #field(parameter) {
    const id = fresh();
    const input = inputFor(parameter, id);
    input.addEventListener("input", () => this.draft.write(parameter, input.value));
    this.#fields.set(parameter, input);
    const must = parameter.required && el("strong.required", {}, " required");
    const label = el("label", { for: id }, mono(parameter.name), must,
      el("span.place", {}, ` in ${parameter.in}`));
    return el("div.entry", {}, label, input);
  }

  #bodyView() {
    if (!this.draft.examples.length) return false;
    const [id, noteId] = [fresh(), fresh()];
    const note = el("p.rule", { id: noteId, role: "status" });
    const rows = { rows: 6, spellcheck: "false", autocapitalize: "off" };
    this.#body = el("textarea", { id, "aria-describedby": noteId, ...rows });
    this.#body.addEventListener("input", () => {
      this.draft.writeBody(this.#body.value);
      note.textContent = noteOn(this.draft);
    });
    const label = el("label", { for: id }, "Body", el("span.place", {}, ` ${this.draft.mediaType}`));
    return el("div.entry", {}, label, this.#body, note);
  }

  #refill() {
    for (const [parameter, field] of this.#fields) field.value = this.draft.text(parameter);
    if (!this.#body) return;
    this.#body.value = this.draft.body;
    this.#body.rows = Math.min(this.draft.body.split("\n").length + 1, 20);
  }
}

function inputFor(parameter, id) {
  const schema = settle(deref(parameter).schema);
  const isTruth = typesOf(schema)[0] === "boolean";
  const choices = isTruth ? ["true", "false"] : schema.enum;
  const must = parameter.required && { required: "" };
  if (choices) return el("select", { id, ...must }, ["", ...choices].map((one) => el("option", {}, String(one))));
  const isCount = ["integer", "number"].includes(typesOf(schema)[0]);
  const hints = { placeholder: exampleOf(parameter), autocomplete: "off", spellcheck: "false" };
  return el("input", { id, ...hints, ...must, ...(isCount && { inputmode: "numeric" }) });
}

/* Whatever is typed may be sent: how the service refuses it is worth seeing, too. */
function noteOn({ body, mediaType }) {
  if (!mediaType.endsWith("json")) return "";
  try {
    JSON.parse(body);
    return "";
  } catch {
    return "This is not JSON; the service will say so.";
  }
}
