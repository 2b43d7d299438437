/* Where the question is written. What has been typed is kept until it is asked. */

import { byId } from "../dom.js";

const LIMIT = 4000; // characters of a question
const NEAR = 400; // so many before the limit, the reader is told
const DRAFT = "footnote-draft";

let field = null;
const lengthOf = (text) => [...text].length;

export function compose(ask, stop) {
  field = byId("question");
  byId("ask").addEventListener("submit", (event) => {
    event.preventDefault();
    submit(ask);
  });
  byId("stop").addEventListener("click", stop);
  field.addEventListener("input", refresh);
  field.addEventListener("keydown", (event) => {
    const isEnter = event.key === "Enter" && !event.shiftKey && !event.isComposing;
    if (!isEnter) return;
    event.preventDefault();
    submit(ask);
  });
  field.value ||= recall(); // unless a reload has kept it
  refresh();
}

export function setBusy(isBusy) {
  const hadFocus = [byId("send"), byId("stop")].includes(field.getRootNode().activeElement);
  byId("send").hidden = isBusy;
  byId("stop").hidden = !isBusy;
  if (hadFocus) (isBusy ? byId("stop") : field).focus();
}

function submit(ask) {
  const text = field.value.trim();
  if (!text || lengthOf(text) > LIMIT || byId("send").hidden) return;
  field.value = "";
  refresh();
  ask(text);
}

function refresh() {
  const left = LIMIT - lengthOf(field.value.trim());
  byId("count").textContent = left > NEAR ? "" : told(left);
  byId("send").disabled = left < 0;
  field.setAttribute("aria-invalid", left < 0);
  keep(field.value);
}

function told(left) {
  const count = Math.abs(left).toLocaleString();
  return left < 0 ? `${count} characters too many` : `${count} characters left`;
}

/* A browser may refuse to store anything; then a reload loses the draft, and nothing else. */
function keep(text) {
  try { sessionStorage.setItem(DRAFT, text); } catch { /* see above */ }
}

function recall() {
  try { return sessionStorage.getItem(DRAFT) ?? ""; } catch { return ""; }
}
