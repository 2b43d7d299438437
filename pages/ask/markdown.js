/* Markdown as DOM nodes, for text that nobody has vouched for: no HTML, and only web links. */

import { el } from "../dom.js";
import { blocks } from "./blocks.js";

const sources = (parts) => parts.map(({ source }) => source);
const LINK = new RegExp(sources([
  /(!?)\[((?:[^[\]]|\[[^[\]]{0,200}\]){0,500})\]/,
  /\(<?((?:[^()\s<>]|\([^()\s]{0,200}\)){1,2000})>?(?:\s+["'][^"'\n]{0,300}["'])?\)/,
]).join(""));
const INLINE = new RegExp(sources([
  /\\([!-/:-@[-`{-~])/, // 1: an escaped character
  /(`+)(?!`)([^]{0,4000}?[^`])\2(?!`)/, // 3: code
  /\[(\d{1,3})\](?!\(|\[(?!\d{1,3}\]))/, // 4: a footnote's marker, also before another one
  LINK, // 5: an image's mark, 6: label, 7: address
  /<?(https?:\/\/[^\s<>)]{0,2000}[^\s<>).,;:!?'"”’])>?/, // 8: a bare address
  /\*\*(?=\S)([^]{0,2000}?\S)\*\*|(?<!\w)__(?=\S)([^]{0,2000}?\S)__(?!\w)/, // 9, 10: strong
  /\*(?=[^\s*])([^*]{0,2000}[^\s*])\*|(?<!\w)_(?=[^\s_])([^_]{0,2000}[^\s_])_(?!\w)/, // 11, 12
  /( {2,}|\\)\n/, // 13: a line's end that is meant
]).join("|"));
const NUMBER = 4;

/* The text's blocks; marker(n) makes what stands for "[n]", a node or text. Each block reads in
   the direction of its first letter; what is inside goes along, so that its edges do, too. */
export const markdown = (text, marker) => blocks(text).map((block) => {
  const node = view(block, marker);
  if (block.kind !== "code") node.setAttribute("dir", "auto");
  return node;
});

function view(block, marker) {
  const words = (text) => inline(text, marker);
  const inner = (all) => all.map((one) => view(one, marker));
  switch (block.kind) {
    case "code": return el("pre", { dir: "ltr", tabindex: 0 }, el("code", {}, block.text));
    case "heading": return el(`h${Math.min(block.level + 2, 6)}`, {}, words(block.text));
    case "rule": return el("hr");
    case "quote": return el("blockquote", {}, inner(block.blocks));
    case "list": return listView(block, inner, words);
    case "table": return tableView(block, words);
    default: return el("p", {}, words(block.text));
  }
}

function listView({ isOrdered, start, items }, inner, words) {
  const isShort = ([first, ...more]) =>
    first?.kind === "paragraph" && more.every(({ kind }) => kind === "list");
  const item = (all) =>
    el("li", {}, isShort(all) ? [words(all[0].text), inner(all.slice(1))] : inner(all));
  return el(isOrdered ? "ol" : "ul", isOrdered && start !== 1 ? { start } : {}, items.map(item));
}

function tableView({ head, rows, aligns }, words) {
  const cell = (kind) => (text, i) => el(`${kind}${alignment(aligns[i])}`, {}, words(text));
  const width = head.length;
  const row = (kind, texts) => el("tr", {}, texts.slice(0, width).map(cell(kind)));
  const table = el("table", {},
    el("thead", {}, row("th", head)), el("tbody", {}, rows.map((texts) => row("td", texts))));
  return el("div.scroll", { tabindex: 0, role: "group", "aria-label": "Table" }, table);
}

function alignment([left, right] = []) {
  if (right) return left ? ".center" : ".end";
  return "";
}

export function inline(text, marker) {
  const nodes = [];
  for (let rest = text; rest;) {
    const found = INLINE.exec(rest);
    if (!found) return [...nodes, rest];
    const before = rest.slice(0, found.index);
    const node = span(found, marker);
    const isFootnote = found[NUMBER] && typeof node !== "string"; // it touches what it is about
    nodes.push(isFootnote ? before.trimEnd() : before, node);
    rest = rest.slice(found.index + found[0].length);
  }
  return nodes;
}

function span([, escaped, , literal, number, image, label, href, bare, ...marked], marker) {
  const [strong, alsoStrong, emphasis, alsoEmphasis] = marked;
  const words = (inside) => inline(inside, marker);
  if (escaped) return escaped;
  if (literal) return el("code", { dir: "ltr" }, literal.trim() || literal);
  if (number) return marker(Number(number));
  if (href) return webLink(href, image ? label || "image" : words(label));
  if (bare) return webLink(bare, bare);
  if (strong ?? alsoStrong) return el("strong", {}, words(strong ?? alsoStrong));
  if (emphasis ?? alsoEmphasis) return el("em", {}, words(emphasis ?? alsoEmphasis));
  return el("br");
}

/* A link that opens beside the answer; only its label when the address is not one of the web. */
export function webLink(href, label, attributes = {}) {
  const isWeb = /^https?:\/\//i.test(href ?? "") && URL.canParse(href);
  if (!isWeb) return el("span", {}, label);
  return el("a", { href, target: "_blank", rel: "noopener noreferrer", ...attributes }, label);
}
