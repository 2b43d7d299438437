/* What a reader can do with an answer: copy it, judge it, ask again. */

import { byId, el, icon } from "../dom.js";
import { send } from "./api.js";
import { reader } from "./reader.js";

const SHOWN = 2000; // ms that "Copied" stands
const THUMB = "M3 11h4v9H3zM7 11l4-8c1.8 0 2.8 1.2 2.6 2.8L13 9h6c1.3 0 2.2 1.2 1.9 2.5"
  + "l-1.5 7c-.2.9-1 1.5-1.9 1.5H7";

export function actions({ answer, messageId, rating, again }) {
  return el("div.row.actions", { role: "group", "aria-label": "This answer" },
    answer.text && copier(answer),
    button(answer.text ? "Ask again" : "Try again", again),
    messageId && reader && thumbs(messageId, rating));
}

export function button(label, act, attributes = {}) {
  const node = el("button", { type: "button", ...attributes }, label);
  node.addEventListener("click", act);
  return node;
}

function copier(answer) {
  const node = button("Copy", () => copy(answer, node), { "aria-label": "Copy with sources" });
  return node;
}

/* Without a clipboard (plain http, or refused) the answer is selected, ready for the keyboard. */
async function copy(answer, node) {
  const done = await navigator.clipboard?.writeText(answer.copied).then(() => "Copied", () => "");
  if (!done) getSelection().selectAllChildren(answer.view);
  node.textContent = byId("said").textContent = done || "Selected";
  setTimeout(() => { node.textContent = "Copy"; }, SHOWN);
}

function thumbs(messageId, rating) {
  const labels = { positive: "Helpful", negative: "Not helpful" };
  const nodes = Object.entries(labels).map(([value, label]) =>
    button(icon(THUMB, value), () => judge(value), {
      "aria-label": label, title: label, "aria-pressed": value === rating, "data-rating": value,
    }));
  const press = (value) => nodes.forEach((node) => {
    node.setAttribute("aria-pressed", node.dataset.rating === value);
  });
  async function judge(value) {
    const before = nodes.find((node) => node.ariaPressed === "true")?.dataset.rating;
    press(value);
    const path = `/api/v1/messages/${messageId}/feedback`;
    byId("said").textContent = await send("PUT", path, { rating: value }).then(
      () => "Thank you.", ({ message }) => { press(before); return message; });
  }
  return nodes;
}
