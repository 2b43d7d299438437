/* An operation on the page: what it needs and answers in words, the examples beside them. */

import { deref, PROBLEM, STREAM } from "./contract.js";
import { code, disclosure, el, join, link, list, mono, rule, titled } from "../dom.js";
import { examplesOf, figuresOf, pretty } from "./example.js";
import { inline, markdown } from "./markdown.js";
import { nameOf } from "./schema.js";
import { field, schemaView } from "./structure.js";
import { meanings } from "./try/events.js";
import { requestFigure } from "./try/figure.js";

export const badge = (method) => el("span.method", {}, method);
const row = (words, figures = []) =>
  el("div.row", {}, el("div.words", {}, words), el("div.figures", {}, figures));

export function article(operation) {
  const { id, title, description, responses } = operation;
  const isProblem = ({ content }) => content?.[PROBLEM];
  const problems = responses.filter(isProblem);
  const words = [markdown(description), securityView(operation), requestView(operation)];
  return titled("article", "h3", id, el("a", { href: `#${id}` }, title),
    routeView(operation),
    row(words, requestFigure(operation)),
    responses.filter((one) => !isProblem(one)).map(responseView),
    problems.length > 0 && row([el("h4", {}, "Problems"), problems.map(problemView)]));
}

function routeView({ id, method, path, deprecated }) {
  const place = el("span.place", {}, id, deprecated && ", deprecated");
  return el("p.route", {}, badge(method), " ", mono(path), " ", place);
}

function securityView({ security }) {
  const ways = security.map(Object.entries).filter((way) => way.length);
  if (!ways.length) return rule("Open to all.");
  const word = ways.length < security.length ? "Open to all; says who is asking with " : "Needs ";
  return rule(word, join(ways.map((way) => join(way.map(schemeLink), " and ")), " or "), ".");
}

function schemeLink([name, scopes]) {
  return [link(`#auth-${name}`, name), scopes.length > 0 && ` (${scopes.join(", ")})`];
}

function requestView({ parameters, body }) {
  return [
    parameters.length > 0 && el("h4", {}, "Parameters"),
    list(parameters.map((one) => field(one.name, one))),
    body.content && el("h4", {}, body.required ? "Body" : "Body, optional"),
    markdown(body.description),
    mediaView(body),
  ];
}

function mediaView({ content = {} }) {
  return Object.entries(content).map(([mediaType, media]) => [
    el("p.media", {}, mediaType),
    mediaType === STREAM ? streamView(media) : schemaView(media.schema),
  ]);
}

function streamView(media) {
  const rest = "and a JSON document, then a blank line.";
  const schema = () => schemaView(media.itemSchema ?? media.schema);
  const told = meanings(media);
  return [
    el("p", {}, "Server-sent events. Each is one line, ", mono("data: "), rest),
    told && [told, disclosure("All members of these events", schema)],
    !told && schema(),
  ];
}

function responseView(response) {
  const { status, description, content = {}, links = {} } = response;
  const words = [
    el("h4", {}, `Response ${status}`),
    markdown(description),
    headersView(response),
    mediaView(response),
    Object.values(links).map((one) => nextLink(deref(one))),
  ];
  return row(words, Object.entries(content).map(figuresOf));
}

const nextLink = ({ operationId: id, description }) =>
  rule("Next: ", link(`#${id}`, id), description && [", ", inline(lowered(description))]);
const lowered = (sentence) => sentence[0].toLowerCase() + sentence.slice(1);

function headersView({ headers = {} }) {
  return list(Object.entries(headers).map(([name, one]) =>
    field(name, { ...deref(one), in: "header" })));
}

function problemView(response) {
  const media = response.content[PROBLEM];
  const examples = examplesOf(media).map(({ value }) => value);
  const inside = () => [
    headersView(response),
    examples.map((value) => code(pretty(value))),
    shapeLink(nameOf(deref(media.schema))),
  ];
  return disclosure(problemTitle(response, examples), inside, { class: "problem" });
}

const shapeLink = (name) => name && rule("Members: ", link(`#schema-${name}`, name));

function problemTitle({ status, description }, examples) {
  const told = examples.map(({ error, title }) => error ?? title).filter(Boolean);
  const codes = [...new Set(told)].map(mono);
  const words = el("span", {}, inline(description));
  return [el("strong", {}, status), " ", join(codes, " "), " ", words];
}
