/* One request on its way: what is told of it while it lasts, and what is left of it. */

import { STREAM } from "../contract.js";
import { el } from "../../dom.js";
import { follow } from "./events.js";
import { bodyView, headView, nextView } from "./reply.js";
import { requestOf, send } from "./request.js";
import { parsed } from "./stream.js";

export async function attempt(draft, form, { reply, status, signal }) {
  const began = performance.now();
  const since = () => performance.now() - began;
  status.classList.remove("unseen");
  status.textContent = "Sending …";
  reply.replaceChildren();
  try {
    const response = await send(requestOf(draft), signal);
    const first = since();
    reply.append(...headView(response));
    const count = await rest(draft.operation, response, { reply, form, since, status });
    reply.querySelector(".took").textContent = timing(count, first, since());
    status.classList.add("unseen"); // the reply shows it; a screen reader is told
    status.textContent = reply.querySelector(".outcome").textContent;
  } catch (error) {
    const stopped = signal.aborted;
    status.textContent = stopped ? `Stopped after ${Math.round(since())} ms` : "";
    if (!stopped) reply.append(el("p.trouble", { role: "alert" }, `Nothing came back: ${error.message}.`));
  }
}

function timing(count, first, whole) {
  if (count === null) return `${Math.round(whole)} ms`;
  return `${count} events in ${Math.round(whole)} ms, first byte at ${Math.round(first)} ms`;
}

/* How many events there were; null when it was no stream. */
async function rest(operation, response, { reply, form, since, status }) {
  if (response.headers.get("content-type")?.startsWith(STREAM)) {
    const counted = (count) => { status.textContent = `${count} events …`; };
    const all = await follow(operation, response, reply, { since, counted });
    reply.append(...[nextView(all, operation.id)].filter(Boolean));
    return all.length;
  }
  const text = await response.text();
  const value = parsed(text);
  const views = bodyView(text, value, response, (one) => form.point(one));
  reply.append(...[...views, response.ok && nextView(value, operation.id)].filter(Boolean));
  return null;
}
