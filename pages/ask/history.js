/* The reader's conversations: to find, open, rename and delete. */

import { byId, el } from "../dom.js";
import { button } from "./actions.js";
import { send } from "./api.js";
import { confirm, prompt } from "./dialog.js";
import { reader } from "./reader.js";

const PATH = "/api/v1/conversations";
const TYPING = 250; // ms without a key, then the search begins

let next = null;
let current = null;
let asked = 0; // so that an old reply does not overwrite a newer one
let openOne = () => {};
let closeOne = () => {};

export function keepHistory({ open, close }) {
  openOne = open;
  closeOne = close;
  let timer = 0;
  byId("words").addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(refresh, TYPING);
  });
  byId("older").addEventListener("click", () => load(next));
}

export function mark(conversationId) {
  current = conversationId;
  for (const node of byId("conversations").querySelectorAll("[data-id]")) {
    node.setAttribute("aria-current", node.dataset.id === conversationId);
  }
}

export const refresh = () => load(null);

async function load(before) {
  const mine = asked += 1;
  const words = byId("words").value.trim();
  if (!reader) return show([], { before, state: "What you ask will be listed here." });
  const query = new URLSearchParams({ ...(before && { before }), ...(words && { q: words }) });
  try {
    const page = await send("GET", `${PATH}?${query}`);
    if (mine !== asked) return null;
    next = page.next;
    const none = words ? "No conversation has these words." : "What you ask will be listed here.";
    return show(page.items, { before, state: page.items.length || before ? "" : none });
  } catch ({ message }) {
    return mine === asked ? show([], { before, state: message }) : null;
  }
}

function show(items, { before, state }) {
  const nodes = items.map(item);
  if (before) byId("conversations").append(...nodes);
  else byId("conversations").replaceChildren(...nodes);
  byId("history-state").textContent = state;
  byId("older").hidden = !reader || !next;
  if (before) nodes[0]?.querySelector("button").focus();
  mark(current);
}

function item({ conversation_id: id, title }) {
  const name = el("bdi", {}, title);
  const opener = button(name, () => openOne(id), { class: "open", "data-id": id });
  return el("li", {}, opener,
    button("Rename", () => rename(id, name), { "aria-label": `Rename “${title}”` }),
    button("Delete", () => remove(id, name), { "aria-label": `Delete “${title}”` }));
}

async function rename(id, name) {
  const change = (title) => send("PATCH", `${PATH}/${id}`, { title });
  if (await prompt("Rename the conversation", "Title", name.textContent, change)) await refresh();
  refocus(id);
}

async function remove(id, name) {
  const words = `“${name.textContent}” and its answers will be gone for good.`;
  const act = () => send("DELETE", `${PATH}/${id}`);
  if (!await confirm("Delete the conversation?", words, "Delete", act)) return refocus(id);
  if (id === current) closeOne();
  await refresh();
  return byId("words").focus();
}

function refocus(id) {
  byId("conversations").querySelector(`[data-id="${id}"]`)?.focus();
}
