/* A reply on the page: status, time, headers of interest, and the body or the problem. */

import { PROBLEM } from "../contract.js";
import { code, el, link, list, mono, rule } from "../../dom.js";
import { pretty } from "../example.js";
import { button } from "./dialog.js";
import { become, ofSession } from "./identity.js";
import { learn } from "./seen.js";

const TOLD = ["content-type", "location", "retry-after", "www-authenticate", "set-auth-token",
  "allow", "etag", "x-request-id"];
const SECRETS = ["set-auth-token"];

export function headView({ status, statusText, headers, ok }) {
  const shown = TOLD.filter((name) => headers.has(name)).map((name) => el("div", {},
    el("dt", {}, name), el("dd", {}, SECRETS.includes(name) ? hidden(headers.get(name)) : headers.get(name))));
  const badge = el(ok ? "strong.status.ok" : "strong.status", {}, `${status} ${statusText}`.trim());
  return [el("p.outcome", {}, badge, " ", el("span.took", {})), el("dl.headers", {}, shown)];
}

const hidden = (secret) => `${secret.slice(0, 6)}…`;

export function bodyView(text, value, response, point) {
  if (!text) return [rule("No body.")];
  const isProblem = response.headers.get("content-type")?.startsWith(PROBLEM);
  return [
    isProblem && problemView(value, point),
    scrollable(code(pretty(value))),
    value?.access_token && sessionView(value),
  ];
}

/* What may scroll has to be reached by keyboard. */
function scrollable(node) {
  const attributes = { tabindex: 0, role: "region", "aria-label": "The reply’s text" };
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

function problemView({ error, title, message, errors = [] }, point) {
  return el("div.refusal", {},
    el("p", {}, el("strong", {}, message ?? title), " ", error && mono(error)),
    list(errors.map((one) => violation(one, point))));
}

function violation(one, point) {
  const where = `${one.in} ${one.pointer}`;
  const go = button(where, () => point(one), { "aria-label": `Show ${where}` });
  return el("li", {}, one.pointer ? go : mono(one.in), " ", one.detail);
}

/* A token that was asked for by hand can be used like any other. */
function sessionView(reply) {
  const use = button("Go on as this reader", () => {
    become(ofSession(reply));
    use.replaceWith(el("span.rule", {}, "From now on the page asks as this reader."));
  });
  return el("p.buttons", {}, use);
}

/* Where the ids of this reply lead; their forms have them by now. */
export function nextView(value, self) {
  const next = learn(value).filter(({ id }) => id !== self);
  if (!next.length) return false;
  const links = next.map(({ id, title }) => el("li", {}, link(`#${id}`, title)));
  return el("div.next", {}, rule("Go on with what came back:"), el("ul", {}, links));
}
