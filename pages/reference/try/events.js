/* A stream on the page: a line for each event as it arrives, with its type from the contract. */

import { STREAM } from "../contract.js";
import { code, disclosure, el } from "../../dom.js";
import { pretty } from "../example.js";
import { markdown } from "../markdown.js";
import { kindOf, nameOf, settle, tagOf, unionOf } from "../schema.js";
import { eventsOf } from "./stream.js";

/* All of the events, once the stream has ended; `counted` hears of each. */
export async function follow(operation, response, view, { since, counted }) {
  const media = operation.responses.find(({ content }) => content?.[STREAM])?.content[STREAM];
  const list = el("ol.events", { tabindex: 0, "aria-label": "Events, as they arrive" });
  const all = [];
  view.append(list);
  for await (const event of eventsOf(response.body)) {
    all.push(event.data);
    const isAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
    list.append(eventView(media, event, since()));
    if (isAtEnd) list.scrollTop = list.scrollHeight;
    counted(all.length);
  }
  return all;
}

function eventView(media, { id, data }, ms) {
  const node = kindOf(media, data);
  const schema = node && settle(node);
  const tag = node && tagOf(settle(media.itemSchema ?? media.schema), node);
  const title = [
    el("span.when", {}, `+${Math.round(ms)} ms`), " ",
    el("strong", {}, (schema && nameOf(schema)) ?? "Text"), " ",
    tag && el("code", {}, tag), id && el("span.when", {}, ` id ${id}`),
    el("span.piece", {}, typeof data === "string" ? data : JSON.stringify(data)),
  ];
  const inside = () => [schema && markdown(schema.description), code(pretty(data))];
  return el("li", {}, disclosure(title, inside));
}

/* What each event of a stream means: its name, what tells it apart, and the contract's words. */
export function meanings(media) {
  const union = settle(media.itemSchema ?? media.schema);
  const kinds = unionOf(union) ?? [];
  return kinds.length > 1 && el("dl.meanings", {}, kinds.map((node) => meaning(union, node)));
}

function meaning(union, node) {
  const schema = settle(node);
  const name = nameOf(schema);
  const tag = tagOf(union, node) ?? name;
  return el("div", {},
    el("dt", {}, el("code", {}, tag)),
    el("dd", {}, markdown(schema.description), tag !== name && el("p.media", {}, name)));
}
