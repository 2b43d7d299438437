/* Footnotes: the markers in an answer, and the passage that shows itself beside one. */

import { byId, el } from "../dom.js";
import { markdown, webLink } from "./markdown.js";

const GAP = 8; // px between a marker and its note
const LINGER = 250; // ms to reach the note with the pointer

let shown = null;
let leaving = 0;

export const placeOf = ({ heading_path: path, title, page }) =>
  (path.length ? path : [title || page]).join(" › ");

/* The marker: a link to the passage's page where the book's address is known, else a button. */
export function marker(citation) {
  const { index, url } = citation;
  const label = `Footnote ${index}: ${placeOf(citation)}${url ? ", opens in a new tab" : ""}`;
  const link = webLink(url, `${index}`, { class: "marker", "aria-label": label });
  const node = link.localName === "a"
    ? link
    : el("button.marker", { type: "button", "aria-label": label }, `${index}`);
  listen(node, citation);
  return el("sup", { dir: "ltr" }, node);
}

function listen(node, citation) {
  let wasShown = false; // when the finger came down: its first tap shows, the second one opens
  node.addEventListener("pointerdown", () => { wasShown = shown === node; });
  node.addEventListener("pointerenter", ({ pointerType }) => {
    if (pointerType !== "touch") show(node, citation);
  });
  node.addEventListener("pointerleave", leave);
  node.addEventListener("focus", () => show(node, citation));
  node.addEventListener("blur", () => { if (!byId("note").matches(":hover")) hide(); });
  node.addEventListener("click", (event) => {
    if (event.pointerType === "touch" && !wasShown) event.preventDefault();
    show(node, citation);
  });
}

function show(node, citation) {
  clearTimeout(leaving);
  if (shown === node) return;
  hide();
  shown = node;
  node.setAttribute("aria-describedby", "note");
  const note = byId("note");
  note.replaceChildren(...contents(citation));
  note.hidden = false;
  place(note, node.getBoundingClientRect());
}

function contents(citation) {
  const { quote, page, weak, url } = citation;
  return [
    el("p.place", { dir: "auto" }, webLink(url, placeOf(citation), { tabindex: -1 })),
    el("p.page", { dir: "ltr" }, page),
    el("div.text", {}, quoteView(quote)),
    weak && el("p.doubt", {}, "The answer may say more than this passage does."),
  ].filter(Boolean);
}

/* As the book has it; but in a note that leaves with the focus, nothing takes the focus. */
function quoteView(quote) {
  const view = el("blockquote", {}, markdown(quote, (index) => `[${index}]`));
  view.querySelectorAll("a, [tabindex]").forEach((node) => { node.tabIndex = -1; });
  return view;
}

/* Above the marker where there is room, else below; never beyond the window's edges. */
function place(note, at) {
  const { width, height } = note.getBoundingClientRect();
  const room = document.documentElement.clientWidth - width - GAP;
  const top = at.top > height + GAP ? at.top - height - GAP : at.bottom + GAP;
  note.style.left = `${Math.max(GAP, Math.min(at.left - width / 3, room))}px`;
  note.style.top = `${Math.max(GAP, Math.min(top, innerHeight - height - GAP))}px`;
}

function leave() {
  clearTimeout(leaving);
  leaving = setTimeout(hide, LINGER);
}

function hide() {
  clearTimeout(leaving);
  shown?.removeAttribute("aria-describedby");
  shown = null;
  byId("note").hidden = true;
}

/* In *root*, the document or a shadow root: keys and inner scrolling do not get out of one. */
export function watchNotes(root = document) {
  const note = byId("note");
  note.addEventListener("pointerenter", () => clearTimeout(leaving));
  note.addEventListener("pointerleave", leave);
  const follow = () => {
    if (!shown) return;
    const at = shown.getBoundingClientRect();
    if (isCovered(root, at)) hide();
    else place(note, at);
  };
  for (const scrolled of new Set([root, document])) {
    scrolled.addEventListener("scroll", follow, { passive: true, capture: true });
  }
  addEventListener("resize", follow);
  document.addEventListener("pointerdown", (event) => { // a tap elsewhere takes no focus away
    if (shown && ![note, shown].some((node) => event.composedPath().includes(node))) hide();
  });
  root.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !shown) return;
    event.preventDefault(); // it closes the note, and not what the note is in
    hide();
  }, true);
}

/* Scrolled out of sight: beyond the window, or below what stands still. */
function isCovered(root, { left, top, width, height }) {
  const seen = root.elementFromPoint(left + width / 2, top + height / 2);
  return seen !== shown && !byId("note").contains(seen);
}
