/* The reader's selection, above the question that is going to be asked about it. */

import { button } from "../ask/actions.js";
import { byId, el } from "../dom.js";

const EXPLAIN = "Explain this.";

let selection = "";
let asked = () => {};

export const keepQuote = (ask) => { asked = ask; };

export function quote(text) {
  selection = text;
  const words = el("blockquote.about", { id: "quoted", dir: "auto" }, text);
  byId("quote").replaceChildren(words, el("div.row.actions", {},
    button("Explain this", explain, { "aria-describedby": "quoted" }),
    button("Remove", remove, { "aria-label": "Remove the selected text" })));
  byId("quote").hidden = false;
}

/* It belongs to one question; the conversation remembers it for those that follow. */
export function taken() {
  const text = selection;
  selection = "";
  byId("quote").replaceChildren();
  byId("quote").hidden = true;
  return text;
}

function explain() {
  if (byId("send").hidden) return; // an answer is being written
  asked(EXPLAIN);
  byId("stop").focus();
}

function remove() {
  taken();
  byId("question").focus();
}
