/* An operation's request: as curl to copy, and as a form that sends it from here. */

import { byId, code, el, figure } from "../../dom.js";
import { curl } from "../curl.js";
import { button } from "./dialog.js";
import { Draft } from "./draft.js";
import { onIdentity } from "./identity.js";
import { Panel } from "./panel.js";
import { requestOf } from "./request.js";

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
  const name = `Try it: ${draft.operation.title}`;
  const attributes = { class: "try", "aria-expanded": "false", "aria-label": name };
  let view = null;
  const node = button("Try it", () => {
    if (view) view.hidden = !view.hidden;
    else around.append(view = new Panel(draft).view);
    node.setAttribute("aria-expanded", String(!view.hidden));
    if (!view.hidden) view.querySelector("input, select, textarea, .main").focus();
  }, attributes);
  return node;
}
