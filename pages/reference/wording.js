/* A schema in words: its type, its limits, and the claims of an if and a then. */

import { join, mono } from "../dom.js";
import { membersOf, nameOf, settle, typesOf, unionOf } from "./schema.js";

const RANGES = [
  ["minLength", "maxLength", " characters"],
  ["minItems", "maxItems", " items"],
  ["minProperties", "maxProperties", " members"],
  ["minimum", "maximum", ""],
];
const KEYWORDS = {
  const: "always",
  enum: "one of",
  exclusiveMinimum: "above",
  exclusiveMaximum: "below",
  multipleOf: "a multiple of",
  pattern: "matches",
  default: "default",
  contentMediaType: "holds",
};
const FLAGS = {
  uniqueItems: "no duplicates",
  readOnly: "read only",
  writeOnly: "write only",
  deprecated: "deprecated",
};

export function typeOf(node, depth = 0) {
  const schema = settle(node);
  const kind = kindOf(schema, depth);
  return schema.nullable ? `${kind} or null` : kind;
}

function kindOf(schema, depth) {
  if (depth > 3) return nameOf(schema) ?? "…";
  const types = typesOf(schema).filter((type) => type !== "null");
  const inner = (one) => typeOf(one, depth + 1);
  if (types.includes("array")) return `array of ${inner(schema.items)}`;
  if (types.includes("object") || membersOf(schema).length) return nameOf(schema) ?? "object";
  if (unionOf(schema)) return nameOf(schema) ?? unionOf(schema).map(inner).join(" or ");
  return types.join(" or ") || (schema.not ? "never" : "any value");
}

export function limits(node, depth = 0) {
  const schema = settle(node);
  const keywords = Object.keys(KEYWORDS).filter((key) => schema[key] !== undefined);
  const flags = Object.keys(FLAGS).filter((key) => schema[key]);
  const each = schema.items && depth < 4 ? limits(schema.items, depth + 1) : [];
  return [
    schema.format,
    ...RANGES.map(([low, high, unit]) => range(schema[low], schema[high], unit)),
    ...keywords.map((key) => [`${KEYWORDS[key]} `, values(schema, key)]),
    ...flags.map((key) => FLAGS[key]),
    each.length > 0 && ["each ", join(each, ", ")],
  ].filter(Boolean);
}

function values(schema, key) {
  const all = key === "enum" ? schema.enum : [schema[key]];
  return join(all.map(mono), ", ");
}

function range(low, high, unit) {
  if (high === undefined) return low === undefined ? "" : `at least ${low}${unit}`;
  if (low === high) return `${low}${unit}`;
  const isOpen = low === undefined || (low === 0 && unit);
  return isOpen ? `up to ${high}${unit}` : `${low} to ${high}${unit}`;
}

/* The first level of an if or a then: "`context` is `selected-text`". */
export function claims(node) {
  const { properties = {}, required = [] } = settle(node);
  const constant = (name) => settle(properties[name]).const;
  const isFixed = (name) => constant(name) !== undefined;
  const fixed = Object.keys(properties).filter(isFixed);
  const given = required.filter((name) => !isFixed(name));
  return join([
    ...fixed.map((name) => [mono(name), " is ", mono(constant(name))]),
    ...given.map((name) => [mono(name), " is given"]),
  ], " and ");
}
