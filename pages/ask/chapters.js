/* The book that answers: its name, and chapters for who does not know what to ask. */

import { send } from "./api.js";

const FEW = 4;
const LONGEST = 60; // characters of a title that makes a button
const APART = /^(fore|pre|after)word\b|^(introduction|preface|appendix|index|glossary|summary|readme)\b/i;

/* Without the index there is nothing to greet with: null, and a page is there all the same. */
export async function theBook() {
  const book = await send("GET", "/api/v1/book").catch(() => null);
  if (!book) return null;
  const titles = some(book.chapters.map(({ title }) => title).filter(invites));
  return { name: isTitle(book.name) ? book.name : null, titles };
}

/* A book without a title goes by its folder's name, which is none for readers. */
const isTitle = (name) => /\s|^\p{Lu}|[^ -~]/u.test(name);

const invites = (title) => [...title].length <= LONGEST && !APART.test(title);

/* From all over the book, in its order. */
function some(titles) {
  const step = Math.max(1, titles.length / FEW);
  return titles.filter((_, i) => Math.floor(i / step) !== Math.floor((i - 1) / step)).slice(0, FEW);
}
