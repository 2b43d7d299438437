/* The page that asks the book: a conversation, the others beside it, and the reader's account. */

import { byId } from "../dom.js";
import { keepAccount } from "./account.js";
import { greet } from "./book.js";
import { compose } from "./composer.js";
import { ask, begin, follow, isRunning, open, stop } from "./conversation.js";
import { watchNotes } from "./footnote.js";
import { keepHistory, mark, refresh } from "./history.js";
import { onChange, onLeave, reader, recall } from "./reader.js";

/* The address names the conversation, so that a reload comes back to it. */
function named(id) {
  history.replaceState(null, "", id ? `#${id}` : location.pathname);
  mark(id);
}

async function show(id) {
  await open(id);
  scrollTo(0, 0);
}

function foldWhenNarrow() {
  const wide = matchMedia("(min-width: 64rem)");
  const fold = () => { byId("history").open = wide.matches; };
  fold();
  wide.addEventListener("change", fold);
  return () => { if (!wide.matches) fold(); };
}

async function start() {
  const fold = foldWhenNarrow();
  follow({ named, answered: refresh });
  watchNotes();
  keepHistory({ open: (id) => { fold(); show(id); }, close: begin });
  compose(ask, stop);
  byId("new").addEventListener("click", () => { fold(); begin(); byId("question").focus(); });
  greet(ask);
  await recall();
  keepAccount();
  onChange(refresh);
  onLeave(begin);
  await refresh();
  const wanted = location.hash.slice(1);
  if (reader && /^[\da-f-]{36}$/.test(wanted) && !isRunning()) await show(wanted);
}

start();
