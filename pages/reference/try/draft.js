/* What a reader is about to send to an operation: parameters and body as text, as they are typed. */

import { examplesOf, pretty } from "../example.js";
import { seen } from "./seen.js";

export class Draft extends EventTarget {
  #texts = new Map();
  #recalled = new Map();
  body = "";
  mediaType = "";

  constructor(operation) {
    super();
    this.operation = operation;
    this.examples = bodiesOf(operation.body);
    for (const one of operation.parameters) if (one.required) this.#texts.set(one, exampleOf(one));
    if (this.examples.length) this.pick(0);
  }

  text(parameter) {
    return this.#texts.get(parameter) ?? "";
  }

  write(parameter, text) {
    this.#texts.set(parameter, text);
    this.#tell();
  }

  writeBody(text) {
    this.body = text;
    this.#tell();
  }

  pick(i) {
    const { mediaType, value } = this.examples[i];
    Object.assign(this, { mediaType, body: pretty(value) });
    this.#tell("picked");
  }

  /* The ids of the documentation are nobody's: those of a reply take their place, if untouched. */
  recall() {
    for (const one of this.operation.parameters.filter((one) => one.in === "path")) {
      const given = this.#recalled.get(one) ?? exampleOf(one);
      if (![given, ""].includes(this.text(one))) continue;
      this.#recalled.set(one, seen.get(one.name) ?? "");
      this.#texts.set(one, this.#recalled.get(one));
    }
    this.#tell("picked");
  }

  #tell(kind = "typed") {
    this.dispatchEvent(new Event(kind));
    this.dispatchEvent(new Event("change"));
  }
}

export const exampleOf = (parameter) =>
  String(examplesOf(parameter)[0]?.value ?? parameter.name);

function bodiesOf({ content = {} }) {
  return Object.entries(content).flatMap(([mediaType, media]) =>
    examplesOf(media).map((example) => ({ ...example, mediaType })));
}
