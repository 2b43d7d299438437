/* The book that answers: its name above the page, and chapters for who does not know what to ask. */

import { byId, el } from "../dom.js";
import { button } from "./actions.js";
import { isRunning } from "./conversation.js";
import { send } from "./api.js";

const FEW = 4;
const LONGEST = 60; // characters of a title that makes a button
const APART = /^(fore|pre|after)word\b|^(introduction|preface|appendix|index|glossary|summary|readme)\b/i;

/* Without the index there is nothing to greet with; the page is there all the same. */
export async function greet(ask) {
  const book = await send("GET", "/api/v1/book").catch(() => null);
  if (!book) return;
  if (isTitle(book.name)) named(book.name);
  const titles = some(book.chapters.map(({ title }) => title).filter(invites));
  if (titles.length) byId("chapters").replaceChildren(...offers(titles, ask));
}

/* A book without a title goes by its folder's name, which is none for readers. */
const isTitle = (name) => /\s|^\p{Lu}|[^ -~]/u.test(name);

function named(name) {
  byId("name").textContent = name;
  document.title = `${name} – ask the book`;
}

const invites = (title) => [...title].length <= LONGEST && !APART.test(title);

/* From all over the book, in its order. */
function some(titles) {
  const step = Math.max(1, titles.length / FEW);
  return titles.filter((_, i) => Math.floor(i / step) !== Math.floor((i - 1) / step)).slice(0, FEW);
}

function offers(titles, ask) {
  const offer = (title) => button(title, () => { if (!isRunning()) ask(title); }, { dir: "auto" });
  return [
    el("p", { id: "chapters-label" }, "Or begin with a chapter:"),
    el("ul", { "aria-labelledby": "chapters-label" }, titles.map((title) => el("li", {}, offer(title)))),
  ];
}
