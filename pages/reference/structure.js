/* A schema on the page: its members and alternatives, each opened when the reader asks. */

import { REF } from "./contract.js";
import { disclosure, el, join, list, mono, open, rule } from "../dom.js";
import { markdown } from "./markdown.js";
import { isPlain, membersOf, nameOf, settle, tagOf, unionOf } from "./schema.js";
import { claims, limits, typeOf } from "./wording.js";

export function schemaView(node) {
  const schema = settle(node);
  const words = markdown(schema.description);
  return isPlain(schema)
    ? [signature("", node), words, nested(node, [])]
    : [words, structure(node, [])];
}

/* A member of a schema, a parameter or a header; `trail` lists the $refs around it. */
export function field(name, { schema, required, deprecated, in: place, description }, trail = []) {
  const mark = (text) => text && el("span.place", {}, text);
  const must = required && el("strong.required", {}, "required");
  const marks = [must, mark(place && `in ${place}`), mark(deprecated && "deprecated")];
  return el("li", {},
    signature(el("code.name", {}, name), schema, ...marks),
    markdown(description ?? settle(schema).description),
    nested(schema, trail));
}

function signature(name, node, ...marks) {
  const told = limits(node).map((limit) => el("span.limit", {}, limit));
  const words = [name, ...marks, el("span.type", {}, typeOf(node)), ...told].filter(Boolean);
  return el("p.signature", {}, join(words, " "));
}

/* The inside of an object, a union, or an array of them, closed. A cycle is named, not followed. */
function nested(node, trail) {
  const schema = settle(node);
  const inner = schema.items ?? schema.additionalProperties;
  if (trail.includes(schema[REF])) return rule(`${nameOf(schema)}, as above.`);
  if (isPlain(schema)) return typeof inner === "object" && nested(inner, along(trail, schema));
  const whole = el("span.unseen", {}, ` of ${nameOf(schema) ?? "this"}`);
  return disclosure([sizeOf(schema), whole], () => structure(node, trail));
}

const along = (trail, schema) => [...trail, schema[REF] ?? ""];

function sizeOf(schema) {
  const { length } = membersOf(schema);
  if (!length) return `${unionOf(schema).length} alternatives`;
  return length === 1 ? "1 member" : `${length} members`;
}

function structure(node, trail) {
  const schema = settle(node);
  const path = along(trail, schema);
  const isRequired = (name) => schema.required?.includes(name);
  return [
    list(namesOf(schema).map(([name, one]) =>
      field(name, { schema: one, required: isRequired(name) }, path))),
    unionOf(schema) && rule(schema.oneOf ? "One of:" : "Any of:"),
    list((unionOf(schema) ?? []).map((one) => alternative(schema, one, path))),
    conditions(schema),
    schema.additionalProperties === false && rule("No other members."),
  ];
}

function namesOf(schema) {
  const { patternProperties = {}, additionalProperties: other } = schema;
  const rest = typeof other === "object" ? [["any other name", other]] : [];
  return [...membersOf(schema), ...Object.entries(patternProperties), ...rest];
}

function conditions(schema) {
  const ifs = new Map([schema, ...(schema.allOf ?? [])].map((one) => [one.if, one.then]));
  ifs.delete(undefined);
  return [...ifs].map(([given, then]) => rule("If ", claims(given), ", then ", claims(then), "."));
}

function alternative(union, node, trail) {
  const schema = settle(node);
  const name = el("strong.name", {}, nameOf(schema) ?? claims(node));
  const inside = nested(node, trail);
  const isShort = trail.length === 1 && unionOf(union).length < 4 && inside.localName === "details";
  return el("li", {},
    isPlain(schema)
      ? signature(name, node, picked(union, node))
      : el("p.signature", {}, name, " ", picked(union, node)),
    markdown(schema.description),
    isShort ? open(inside) : inside);
}

function picked(union, node) {
  const tag = tagOf(union, node);
  if (tag === undefined) return false;
  return el("span.limit", {}, mono(union.discriminator.propertyName), " is ", mono(tag));
}
