/* The page's one dialog. The browser keeps the focus in it, and gives it back afterwards. */

import { byId, el } from "../../dom.js";

export function show(title, ...content) {
  const dialog = byId("dialog");
  dialog.replaceChildren(el("h2", { id: "dialog-title" }, title),
    ...content.flat().filter(Boolean));
  dialog.showModal();
  return dialog;
}

export const close = () => byId("dialog").close();

export function button(label, act, attributes = {}) {
  const node = el("button", { type: "button", ...attributes }, label);
  node.addEventListener("click", act);
  return node;
}

/* Whether the reader said so. */
export function confirmed(title, words, label) {
  return new Promise((resolve) => {
    let isMeant = false;
    const yes = button(label, () => { isMeant = true; close(); }, { class: "main" });
    const no = button("Cancel", close, { autofocus: "" });
    const dialog = show(title, words, el("div.buttons", {}, yes, no));
    dialog.addEventListener("close", () => resolve(isMeant), { once: true });
  });
}
