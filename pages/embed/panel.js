/* The panel on a page of any site: one conversation, and the words that it is asked about. */

import { button } from "../ask/actions.js";
import { compose } from "../ask/composer.js";
import { ask, begin, follow, isRunning, open, stop } from "../ask/conversation.js";
import { watchNotes } from "../ask/footnote.js";
import { reader, recall } from "../ask/reader.js";
import { byId, el, icon, within } from "../dom.js";
import { keepQuote, quote, taken } from "./quote.js";
import { styles } from "./styles.js";
import { dress } from "./theme.js";

const CROSS = "M6 6 18 18M18 6 6 18";
const KEPT = "footnote-conversation"; // in the tab's session: the next page goes on with it
const SHEETS = ["palette.css", "ask/base.css", "ask/answer.css", "embed/panel.css"];
const narrow = matchMedia("(max-width: 30rem), (max-height: 26rem)");

/* Into the shadow root that has the button; what opens it: open({ selection, question }). */
export async function build(root, options) {
  const sheets = await styles(SHEETS);
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, ...sheets];
  within(root);
  const panel = view(options);
  root.append(panel);
  dress(root.host, options.theme);
  follow({ named: keep, answered() {} });
  watchNotes(root);
  keepQuote((question) => put(question));
  compose(put, stop);
  const waiting = goOn();
  return { open: async (wish) => { show(panel, root); await waiting; await meet(wish); } };
}

function view({ title, greeting = "Ask in your own words. Each small number leads to its passage." }) {
  const bar = el("div.row.bar", {}, el("h2", { id: "title" }, title),
    button("New conversation", renew), button(icon(CROSS), close, { "aria-label": "Close" }));
  const talk = el("div.talk", {},
    el("div", { id: "start" }, el("p.lead", { dir: "auto" }, greeting)),
    el("div", { id: "exchanges" }));
  return el("dialog.panel", { id: "panel", "aria-labelledby": "title" }, bar, talk, form(),
    el("div", { id: "note", role: "tooltip", hidden: "" }),
    el("p.unseen", { id: "said", role: "status" }));
}

function form() {
  return el("form", { id: "ask", novalidate: "" },
    el("div", { id: "quote", hidden: "" }),
    el("label.unseen", { for: "question" }, "Your question"),
    el("div.line", {},
      el("textarea", { id: "question", rows: 1, dir: "auto", autocomplete: "off",
        enterkeyhint: "send", placeholder: "Ask a question", "aria-describedby": "count" }),
      el("button", { id: "send", type: "submit" }, "Ask"),
      el("button", { id: "stop", type: "button", hidden: "" }, "Stop")),
    el("p", { id: "count", role: "status" }));
}

/* Neither query nor fragment: they are nobody's business. */
const put = (question) => ask(question, {
  selection: taken(), page: `${location.origin}${location.pathname}`.slice(0, 1000),
});

async function meet({ selection, question }) {
  if (selection) quote(selection);
  if (question && !isRunning()) await put(question);
}

function renew() {
  begin();
  byId("question").focus();
}

/* On a phone it is all there is, so the page behind is out of reach. */
function show(panel, root) {
  if (panel.open) return byId("question").focus();
  const before = root.activeElement ?? document.activeElement;
  const settle = () => {
    byId("opener").hidden = false;
    (before === document.body ? byId("opener") : before).focus();
  };
  byId("opener").hidden = true;
  panel.addEventListener("close", settle, { once: true });
  panel.onkeydown = (event) => {
    if (event.key === "Escape" && !event.defaultPrevented && !event.isComposing) close();
  };
  if (narrow.matches) panel.showModal();
  else panel.show();
  return byId("question").focus();
}

function close() {
  byId("panel").close();
}

async function goOn() {
  const id = kept();
  if (!id) return;
  await recall();
  if (!reader) return;
  await open(id);
  byId("exchanges").lastElementChild?.scrollIntoView();
}

/* A browser may refuse to store anything; then each page begins anew. */
function keep(id) {
  try {
    if (id) sessionStorage.setItem(KEPT, id);
    else sessionStorage.removeItem(KEPT);
  } catch { /* see above */ }
}

function kept() {
  try { return sessionStorage.getItem(KEPT); } catch { return null; }
}
