/* Markdown, a little of it: paragraphs, lists, headings as leads, fences; and what is in a line. */

import { code, el, link, mono } from "../dom.js";

const FENCE = /^ *```.*\n([\s\S]*?)\n? *```[ ]*$/m;
const BREAK = /\n\s*\n|\n(?=\s*(?:[-*+]|\d+[.)])\s)/;
const BLOCK = /^(?:([-*+]|\d+[.)]|#+)\s+)?([^]*)$/;
const INLINE = new RegExp([
  /`([^`]+)`/,
  /\*\*(.+?)\*\*/,
  /\*([^\s*][^*]*)\*/,
  /\[([^\]]+)\]\(((?:[^()\s]|\([^()\s]*\))+)\)/,
  /<?(https?:\/\/[^\s<>)]*[^\s<>).,;:])>?/,
].map(({ source }) => source).join("|"));

export function markdown(text = "") {
  const parts = text.split(FENCE); // odd ones stood between fences
  return parts.flatMap((part, i) => (i % 2 ? code(part) : blocks(part)));
}

function blocks(text) {
  const chunks = text.split(BREAK).map((chunk) => chunk.trim()).filter(Boolean);
  return chunks.reduce(addBlock, []);
}

function addBlock(blocks, chunk) {
  const [, marker = "", text] = BLOCK.exec(chunk);
  const kind = kindOf(marker);
  if (kind.startsWith("p")) return [...blocks, el(kind, {}, inline(text))];
  const item = el("li", {}, inline(text));
  if (blocks.at(-1)?.localName !== kind) return [...blocks, el(kind, {}, item)];
  blocks.at(-1).append(item);
  return blocks;
}

function kindOf(marker) {
  if (!marker) return "p";
  if (marker.startsWith("#")) return "p.lead";
  return /\d/.test(marker) ? "ol" : "ul";
}

export function inline(text = "") {
  const found = INLINE.exec(text);
  if (!found) return [text];
  const before = text.slice(0, found.index);
  return [before, span(found), ...inline(text.slice(found.index + found[0].length))];
}

function span([, literal, strong, emphasis, label, href, bare]) {
  if (literal) return mono(literal);
  if (strong) return el("strong", {}, inline(strong));
  if (emphasis) return el("em", {}, inline(emphasis));
  return href ? link(href, inline(label)) : link(bare, bare);
}
