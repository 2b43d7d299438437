/* An operation's request: as curl to copy, and as a form that sends it from here. */

import { byId, code, el, figure } from "../../dom.js";
import { curl } from "../curl.js";
import { attempt } from "./attempt.js";
import { identityLine } from "./credentials.js";
import { button, confirmed } from "./dialog.js";
import { Draft } from "./draft.js";
import { Form } from "./form.js";
import { onIdentity, reader } from "./identity.js";
import { requestOf } from "./request.js";
import { onSeen } from "./seen.js";

export function requestFigure(operation) {
  const draft = new Draft(operation);
  const shown = el("div", {});
  const draw = () => shown.replaceChildren(code(curl(operation, requestOf(draft))));
  draft.addEventListener("change", draw);
  onIdentity(draw);
  draw();
  const caption = ["curl", draft.examples.length > 1 && picker(draft), copier(shown, operation.title)];
  const node = figure("figure.request", caption, [shown]);
  node.append(opener(draft, node));
  return node;
}

function picker(draft) {
  const options = draft.examples.map(({ title }, i) => el("option", { value: i }, title));
  const select = el("select", { "aria-label": `Example for ${draft.operation.title}` }, options);
  select.addEventListener("change", () => draft.pick(select.value));
  return select;
}

function copier(shown, title) {
  const label = `Copy the curl command for ${title}`;
  const node = button("Copy", () => copy(shown, node), { "aria-label": label });
  return node;
}

/* Without a clipboard (plain http, or refused) the command is selected, ready for the keyboard. */
async function copy(shown, node) {
  const text = shown.textContent;
  const done = await navigator.clipboard?.writeText(text).then(() => "Copied", () => "");
  if (!done) getSelection().selectAllChildren(shown);
  node.textContent = byId("said").textContent = done || "Selected";
  setTimeout(() => { node.textContent = "Copy"; }, 2000);
}

/* Built when first opened: most of a page's forms never are. */
function opener(draft, around) {
  const { id, title } = draft.operation;
  const attributes = { class: "try", "aria-expanded": "false", "aria-label": `Try it: ${title}` };
  let view = null;
  const node = button("Try it", () => {
    const isNew = !view;
    if (isNew) around.append(view = tryView(draft));
    view.hidden = !isNew && !view.hidden;
    node.setAttribute("aria-expanded", String(!view.hidden));
    if (!view.hidden) view.querySelector("input, select, textarea, .main").focus();
  }, { ...attributes, "data-try": id });
  return node;
}

function tryView(draft) {
  draft.recall();
  onSeen(() => draft.recall());
  const form = new Form(draft);
  const sender = el("button.main", { type: "submit" }, "Send");
  const stopper = button("Stop", () => running?.abort(), { hidden: "" });
  const status = el("span.took", { role: "status" });
  const reply = el("div.reply", { role: "region", "aria-label": `Reply to ${draft.operation.title}` });
  let running = null;
  const view = el("form", { novalidate: "", class: "attempt", "aria-label": `Try ${draft.operation.title}` },
    form.views, identityLine(draft.operation),
    el("div.buttons", {}, sender, stopper, status), reply);
  const start = async () => {
    if (running || !await isMeant(draft.operation)) return;
    running = new AbortController();
    sender.disabled = true;
    stopper.hidden = false;
    await attempt(draft, form, { reply, status, signal: running.signal });
    sender.disabled = false;
    stopper.hidden = true;
    running = null;
  };
  view.addEventListener("submit", (event) => { event.preventDefault(); start(); });
  view.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) start();
  });
  return view;
}

/* What cannot be taken back is asked for twice. */
function isMeant({ method, title, path }) {
  if (method !== "DELETE") return true;
  const words = [`${title}, as ${reader.name}: `, code(`${method} ${path}`), "It is for good."];
  return confirmed("Really?", words, "Send it");
}
