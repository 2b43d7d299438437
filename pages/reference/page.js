/* The API reference: reads the contract and shows all of it, whatever operations it holds. */

import { article, badge } from "./article.js";
import { contract, deref, load } from "./contract.js";
import { byId, disclosure, el, join, link, mono, rule, titled } from "../dom.js";
import { inline, markdown } from "./markdown.js";
import { navigate } from "./navigation.js";
import { operationsOf } from "./operation.js";
import { schemaView } from "./structure.js";
import { identityLine } from "./try/credentials.js";

async function start() {
  try {
    await load();
    about(contract);
    const parts = sections(contract);
    byId("reference").replaceChildren(...parts.map(({ view }) => view));
    navigate(parts);
  } catch ({ message }) {
    const advice = ["Reload in a moment, or read ", link("/openapi.yaml", "/openapi.yaml"), "."];
    byId("state").replaceChildren(`The contract could not be shown: ${message}. `, ...advice);
  }
  byId("reference").removeAttribute("aria-busy");
}

function about({ info, externalDocs }) {
  const { title, version, summary, description, license, contact } = info;
  const more = [license, contact, externalDocs].filter(Boolean).map(credit);
  const facts = [`Version ${version}`, ...more, link("/openapi.yaml", "openapi.yaml")];
  byId("title").textContent = title;
  document.title = `${title} API reference`;
  byId("about").append(
    el("p.summary", {}, inline(summary)),
    el("p.facts", {}, join(facts, " · ")),
    ...markdown(description));
}

function credit({ url, email, name, description }) {
  const href = url ?? (email && `mailto:${email}`);
  return href ? link(href, name ?? description ?? url ?? email) : name;
}

function sections({ paths = {}, tags = [], components = {} }) {
  const { securitySchemes = {}, schemas = {} } = components;
  const schemes = Object.entries(securitySchemes).map(schemeView);
  const shapes = Object.keys(schemas).map(shapeView);
  return [
    schemes.length && section("auth", "Authentication", [identityLine(), schemes]),
    ...topics(tags, Object.entries(paths).flatMap(operationsOf)),
    shapes.length && section("schemas", "Schemas", shapes),
  ].filter(Boolean);
}

/* A section for each tag that has operations, in the document's order. */
function topics(tags, operations) {
  const described = new Map(tags.map(({ name, description }) => [name, description]));
  const names = new Set([...described.keys(), ...operations.map(({ tag }) => tag)]);
  const under = (name) => operations.filter(({ tag }) => tag === name).map(listed);
  const topic = (name) => section(`tag-${name}`, name, markdown(described.get(name)), under(name));
  return [...names].map(topic).filter((part) => part.operations.length);
}

/* A part of the page with its entry in the navigation. */
function section(id, title, content, operations = []) {
  const views = operations.map(({ view }) => view);
  const entries = operations.length > 0 && el("ul", {}, operations.map(({ entry }) => entry));
  return {
    operations,
    view: titled("section", "h2", id, title, content, views),
    entry: el("li", {}, el("a.section", { href: `#${id}` }, title), entries),
  };
}

/* An operation with its entry, and the words that the filter looks in. */
function listed(operation) {
  const { id, method, path, title, summary, description, tag, tags } = operation;
  const label = [badge(method), " ", el("span", {}, title)];
  return {
    words: [method, path, id, summary, description, tag, ...tags].join(" ").toLowerCase(),
    view: article(operation),
    entry: el("li", {}, el("a", { href: `#${id}` }, label)),
  };
}

function schemeView([name, raw]) {
  const { type, scheme = "", in: place, name: key, description } = deref(raw);
  const kind = place ? [`${place} `, mono(key)] : `${type} ${scheme}`;
  return el("div.scheme", { id: `auth-${name}` },
    el("h3", {}, name), rule(kind), markdown(description));
}

function shapeView(name) {
  const view = () => schemaView({ $ref: `#/components/schemas/${name}` });
  return disclosure(name, view, { id: `schema-${name}` });
}

start();
