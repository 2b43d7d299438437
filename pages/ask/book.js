/* The name of the book above the page, and chapters for who does not know what to ask. */

import { byId, el } from "../dom.js";
import { button } from "./actions.js";
import { theBook } from "./chapters.js";
import { isRunning } from "./conversation.js";

export async function greet(ask) {
  const book = await theBook();
  if (book?.name) named(book.name);
  if (book?.titles.length) byId("chapters").replaceChildren(...offers(book.titles, ask));
}

function named(name) {
  byId("name").textContent = name;
  document.title = `${name} – ask the book`;
}

function offers(titles, ask) {
  const offer = (title) => button(title, () => { if (!isRunning()) ask(title); }, { dir: "auto" });
  return [
    el("p", { id: "chapters-label" }, "Or begin with a chapter:"),
    el("ul", { "aria-labelledby": "chapters-label" }, titles.map((title) => el("li", {}, offer(title)))),
  ];
}
