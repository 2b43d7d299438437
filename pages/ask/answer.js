/* An answer on the page: its text as it grows, then footnotes, sources and what to know about it. */

import { el } from "../dom.js";
import { marker, placeOf } from "./footnote.js";
import { markdown, webLink } from "./markdown.js";

const LEAD_IN = "From the book:"; // of an answer that quotes the book word for word
const WITHOUT = {
  embedding: "The book was searched by words alone, so a passage may have been missed.",
  retrieval: "The book could not be searched at this moment.",
  history: "Your earlier questions could not be seen, and this one is not kept.",
};

export class Answer {
  text = "";
  citations = [];
  #waiting = 0;
  #body = el("div.text");
  #after = el("div.after");
  view = el("div.answer", {}, this.#body, this.#after);

  /* Drawn once a picture of the screen, however many pieces arrive. */
  add(text) {
    if (!text) return;
    this.text += text;
    this.#waiting ||= requestAnimationFrame(() => this.#draw(pending));
  }

  /* The answer is whole: now it is known which numbers have a passage. */
  finish({ citations = [], degraded = [], refused = false, nearest = [], usage, model } = {}) {
    this.citations = citations;
    const known = new Map(citations.map((one) => [one.index, one]));
    this.#draw((index) => (known.has(index) ? marker(known.get(index)) : `[${index}]`));
    const isQuoted = model === "extractive" || this.#isQuoted(usage);
    this.#after.replaceChildren(...[
      refused && nearest.some(({ title }) => !this.text.includes(title)) && nearestView(nearest),
      citations.length > 0 && sourcesView(citations),
      ...sentences(degraded, isQuoted && !refused).map((words) => el("p.remark", {}, words)),
    ].filter(Boolean));
  }

  get spoken() {
    const copy = this.#body.cloneNode(true);
    copy.querySelectorAll("sup").forEach((sup) => sup.remove());
    return [...copy.children].map(({ textContent }) => textContent).join(" ");
  }

  /* To paste elsewhere: the answer as it was written, then where it stands in the book. */
  get copied() {
    const lines = this.citations.map((one) => {
      const words = `[${one.index}] ${placeOf(one)}`;
      return one.url ? `${words}, ${one.url}` : `${words} (${one.page})`;
    });
    return [this.text.trim(), lines.length > 0 && `Sources\n${lines.join("\n")}`]
      .filter(Boolean).join("\n\n");
  }

  #isQuoted(usage) {
    const isUnpaid = usage?.total_tokens === 0 && this.text.startsWith(LEAD_IN);
    return isUnpaid && this.citations.every(({ quote }) => this.text.includes(quote));
  }

  #draw(mark) {
    cancelAnimationFrame(this.#waiting);
    this.#waiting = 0;
    keep(this.#body, markdown(this.text, mark));
  }
}

/* What has not changed stays as it is, so that a selection in it survives. */
function keep(body, nodes) {
  const old = [...body.childNodes];
  const changed = nodes.findIndex((node, i) => !old[i]?.isEqualNode(node) || hasMarker(node));
  if (changed < 0) return old.slice(nodes.length).forEach((node) => node.remove());
  old.slice(changed).forEach((node) => node.remove());
  return body.append(...nodes.slice(changed));
}

/* A clone would do for the eye, but not for the pointer. */
const hasMarker = (node) => node.querySelector(".marker") !== null;

const pending = (index) => el("sup.pending", { dir: "ltr" }, `${index}`);

function sentences(degraded, isQuoted) {
  const isAway = degraded.includes("model");
  const own = isAway || isQuoted ? "These are the book’s own words; no model is in use." : "";
  return [own, ...degraded.map((part) => WITHOUT[part])].filter(Boolean);
}

function sourcesView(citations) {
  const source = (one) => el("li", { value: one.index },
    webLink(one.url, placeOf(one)), !one.url && el("span.page", {}, ` ${one.page}`));
  return el("section.sources", { "aria-label": "Sources" },
    el("h3", {}, "Sources"), el("ol", { dir: "auto" }, citations.map(source)));
}

function nearestView(pages) {
  const page = ({ title, url, page: file }) =>
    el("li", {}, webLink(url, title || file));
  return el("section.nearest", { "aria-label": "Nearest pages" },
    el("p", {}, "These pages come closest:"), el("ul", { dir: "auto" }, pages.map(page)));
}
