/* The reader's conversations: to find, open, rename and delete. */

import { byId, el, icon } from "../dom.js";
import { button } from "./actions.js";
import { send } from "./api.js";
import { confirm, prompt } from "./dialog.js";
import { reader } from "./reader.js";

const PATH = "/api/v1/conversations";
const PENCIL = "M4 20l1-4L16.5 4.5l3 3L8 19zM14 7l3 3";
const BIN = "M5 7h14M10 7V4.5h4V7M7 7l1 13h8l1-13M10.5 10.5v6M13.5 10.5v6";
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
  byId("search").hidden = !before && !items.length && !byId("words").value;
  byId("older").hidden = !reader || !next;
  if (before) nodes[0]?.querySelector("button").focus();
  mark(current);
}

function item({ conversation_id: id, title }) {
  const name = el("span", { dir: "auto" }, title);
  const opener = button(name, () => openOne(id), { class: "open", "data-id": id });
  const tool = (line, verb, act) => button(icon(line), () => act(id, name),
    { class: "tool", title: verb, "aria-label": `${verb} “${title}”` });
  return el("li", {}, opener, tool(PENCIL, "Rename", rename), tool(BIN, "Delete", remove));
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
