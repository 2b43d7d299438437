/* Elements. Words become text nodes and attributes, never markup: nothing in them can run. */

let root = document;
/* Where byId looks: the document, until a page of ours lives in a shadow root. */
export const within = (shadow) => { root = shadow; };
export const byId = (id) => root.getElementById(id);

/* el("p.note", { id }, "text", [more, false]): a child that is falsy is left out. */
export function el(selector, attributes = {}, ...children) {
  const [tag, ...classes] = selector.split(".");
  const node = document.createElement(tag);
  if (classes.length) node.className = classes.join(" ");
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children.flat(Infinity).filter((child) => child || child === 0));
  return node;
}

const SVG = "http://www.w3.org/2000/svg";

/* A drawing of one line, on a square of 24; its name is that of the button around it. */
export function icon(line, classes = "") {
  const [node, path] = ["svg", "path"].map((name) => document.createElementNS(SVG, name));
  const attributes = { viewBox: "0 0 24 24", "aria-hidden": "true", class: `icon ${classes}` };
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  path.setAttribute("d", line);
  node.append(path);
  return node;
}

export const join = (nodes, text) => nodes.flatMap((node, i) => (i ? [text, node] : [node]));
export const list = (items) => items.length > 0 && el("ul.fields", {}, items);
export const rule = (...words) => el("p.rule", {}, words);
export const figure = (kind, caption, content) =>
  el(kind, {}, el("figcaption", {}, caption), content);

/* A section or an article, known to a screen reader by its heading. */
export function titled(kind, heading, id, title, ...content) {
  const name = `${id}-title`;
  return el(kind, { id, "aria-labelledby": name }, el(heading, { id: name }, title), content);
}

export function link(href, label) {
  const { protocol } = URL.canParse(href, location.href) ? new URL(href, location.href) : {};
  const isSafe = ["http:", "https:", "mailto:"].includes(protocol);
  return isSafe ? el("a", { href }, label) : el("span", {}, label);
}

export function mono(value) {
  return el("code", {}, typeof value === "string" && value ? value : JSON.stringify(value));
}

export function code(text) {
  const parts = text.split(/("(?:\\.|[^"\\\n])*"(?=\s*:))/); // odd ones name JSON members
  const marked = parts.map((part, i) => (i % 2 ? el("span.key", {}, part) : part));
  return el("pre", {}, el("code", {}, marked));
}

/* Filled when first opened: schemas that contain each other would grow without end. */
export function disclosure(summary, build, attributes = {}) {
  const node = el("details", attributes, el("summary", {}, summary));
  const fill = () => node.append(el("div.inside", {}, build()));
  node.addEventListener("toggle", fill, { once: true });
  return node;
}

export function open(node) {
  node.open = true;
  node.dispatchEvent(new Event("toggle")); // the browser's own comes too late to print
  return node;
}
