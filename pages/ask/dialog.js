/* The page's one dialog: a form that closes when what it is for has been done. */

import { byId, el } from "../dom.js";
import { Trouble } from "./api.js";
import { button } from "./actions.js";

/* Whether it was done. `act` gets the form's values; its Trouble is told in the dialog. */
export function ask({ title, content, label, act }) {
  const dialog = byId("dialog");
  const problem = el("p.trouble", { role: "alert" });
  const submit = el("button.main", { type: "submit" }, label);
  const form = el("form", {}, el("h2", { id: "dialog-title" }, title), content, problem,
    el("div.row", {}, submit, button("Cancel", () => dialog.close())));
  let done = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    submit.disabled = true;
    problem.textContent = await attempt(act, form);
    submit.disabled = false;
    done = !problem.textContent;
    if (done) dialog.close();
  });
  dialog.replaceChildren(form);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(done), { once: true });
  });
}

async function attempt(act, form) {
  try {
    await act(Object.fromEntries(new FormData(form)));
    return "";
  } catch (error) {
    if (error instanceof Trouble) return error.message;
    throw error;
  }
}

let fields = 0;

export function field(label, attributes) {
  const id = `field-${fields += 1}`;
  return [el("label", { for: id }, label), el("input", { id, ...attributes })];
}

export const confirm = (title, words, label, act) =>
  ask({ title, content: el("p", { dir: "auto" }, words), label, act });

export function prompt(title, label, value, act) {
  const rules = { name: "value", value, required: "", maxlength: 200, dir: "auto" };
  const content = field(label, rules);
  return ask({ title, content, label: "Save", act: ({ value: text }) => act(text.trim()) });
}
