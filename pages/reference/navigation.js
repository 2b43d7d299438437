/* The way around the page: the contents, the filter, and the place that the address names. */

import { byId, el, open } from "../dom.js";

export function navigate(parts) {
  byId("entries").append(el("ul", {}, parts.map(({ entry }) => entry)));
  byId("navigation").hidden = false;
  foldWhenNarrow();
  byId("filter").addEventListener("input", ({ target }) => filter(parts, target.value.trim()));
  addEventListener("hashchange", reveal);
  addEventListener("beforeprint", () => document.querySelectorAll("article details").forEach(open));
  if (location.hash) location.replace(location.hash); // the target was not there at first
  reveal();
}

function foldWhenNarrow() {
  const wide = matchMedia("(min-width: 60rem)");
  const fold = () => { byId("contents").open = wide.matches; };
  fold();
  wide.addEventListener("change", fold);
  byId("entries").addEventListener("click", fold);
}

function filter(parts, text) {
  const words = text.toLowerCase().split(/\s+/);
  const all = parts.flatMap(({ operations }) => operations);
  const found = new Set(all.filter((one) => words.every((word) => one.words.includes(word))));
  all.forEach((one) => show(one, found.has(one)));
  parts.forEach((part) => show(part, !text || part.operations.some((one) => found.has(one))));
  byId("matches").textContent = text && `${found.size} of ${all.length} operations`;
}

function show({ view, entry }, isShown) {
  view.hidden = entry.hidden = !isShown;
}

function reveal() {
  const target = document.querySelector(":target");
  if (target?.localName === "details") open(target);
  target?.scrollIntoView();
}
