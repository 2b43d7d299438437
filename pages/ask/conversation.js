/* The conversation that is open, and the answer that is being written in it. */

import { byId, el } from "../dom.js";
import { button } from "./actions.js";
import { send } from "./api.js";
import { setBusy } from "./composer.js";
import { Exchange } from "./exchange.js";

const PATH = "/api/v1/conversations";

let current = null;
let running = null;
let told = {}; // named(id or null), answered(): whoever shows more than this conversation

export const follow = (listeners) => { told = listeners; };
export const stop = () => running?.stop();
export const isRunning = () => running !== null;

/* `before` is an exchange that came to nothing; the new one takes its place. */
export async function ask(question, about, before = null) {
  const exchange = new Exchange(question, about);
  const again = () => {
    if (!running) ask(question, about, exchange.isBroken ? exchange : null);
  };
  byId("start").hidden = true;
  if (before) before.view.replaceWith(exchange.view);
  else byId("exchanges").append(exchange.view);
  exchange.view.scrollIntoView();
  byId("said").textContent = "";
  running = exchange;
  setBusy(true);
  try {
    await exchange.ask(current, again);
  } finally {
    finish(exchange);
  }
}

function finish(exchange) {
  if (exchange.conversationId) told.answered();
  if (running !== exchange) return; // the reader has gone elsewhere
  leave();
  byId("said").textContent = exchange.spoken;
  if (exchange.conversationId) name(exchange.conversationId);
}

/* An answer that is still being written ends in the history, not on the page. */
function leave() {
  if (!running) return;
  running = null;
  setBusy(false);
}

function name(id) {
  current = id;
  told.named(id);
}

export function begin() {
  leave();
  name(null);
  show([]);
}

export async function open(id) {
  leave();
  name(id);
  try {
    const { exchanges } = await send("GET", `${PATH}/${id}`);
    if (current === id) show(exchanges.map(keptOf));
  } catch ({ message, status }) {
    if (current !== id) return;
    if (status === 404) begin();
    else unreadable(message, id);
  }
}

function show(exchanges) {
  byId("start").hidden = exchanges.length > 0;
  byId("exchanges").replaceChildren(...exchanges.map(({ view }) => view));
}

function keptOf(kept) {
  const again = () => { if (!running) ask(one.question, one.about); };
  const one = Exchange.kept(kept, again);
  return one;
}

function unreadable(message, id) {
  byId("start").hidden = true;
  const retry = button("Try again", () => open(id));
  byId("exchanges").replaceChildren(el("p.trouble", { role: "alert" }, message), retry);
}
