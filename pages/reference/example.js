/* Examples: the document's own, else made from the schema. */

import { deref, REF, STREAM } from "./contract.js";
import { code, figure } from "../dom.js";
import { membersOf, nameOf, settle, tagOf, typesOf, unionOf } from "./schema.js";

export function figuresOf([mediaType, media]) {
  const [kind, examples, textOf] = mediaType === STREAM
    ? ["figure.frame", eventsOf(media), frame]
    : ["figure", examplesOf(media), pretty];
  return examples.map(({ title, value }) => figure(kind, title, code(textOf(value))));
}

export function pretty(value) {
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

function frame(value) {
  return typeof value === "string" ? value.trim() : `data: ${JSON.stringify(value)}`;
}

export function examplesOf(media) {
  const told = toldOf(media);
  if (told.length) return told;
  const whole = settle(media.itemSchema ?? media.schema);
  const isOne = membersOf(whole).length || whole.examples || whole.example || !unionOf(whole);
  const made = isOne
    ? [{ title: "Example", value: sample(whole) }]
    : unionOf(whole).map((one) => madeOf(one, "Example"));
  return made.filter(({ value }) => value !== undefined);
}

function toldOf({ examples = {}, example }) {
  const named = Object.entries(examples).map(([name, one]) => ({ name, ...deref(one) }));
  if (!named.length && example !== undefined) return [{ title: "Example", value: example }];
  return named.map(({ name, summary, value }) => ({ title: summary ?? name, value }));
}

const madeOf = (node, title) => ({ title: nameOf(settle(node)) ?? title, value: sample(node) });

/* The document's events, and a made one for each alternative that they leave out. */
function eventsOf(media) {
  const union = settle(media.itemSchema ?? media.schema);
  const told = toldOf(media);
  const key = union.discriminator?.propertyName;
  const isTold = (one) =>
    told.some(({ value }) => typeof value === "string" || value[key] === tagOf(union, one));
  const untold = (unionOf(union) ?? [union]).filter((one) => !isTold(one));
  return [...told, ...untold.map((one) => madeOf(one, "An event"))];
}

function sample(node, trail = []) {
  const schema = settle(node);
  const given = givenOf(schema);
  if (given !== undefined || trail.includes(schema[REF]) || trail.length > 8) return given;
  const inner = (one) => sample(one, [...trail, schema[REF] ?? ""]);
  const members = membersOf(schema).map(([name, one]) => [name, inner(one)]);
  if (members.length) return Object.fromEntries(members);
  if (unionOf(schema)) return inner(unionOf(schema)[0]);
  if (schema.items) return [inner(schema.items)].filter((value) => value !== undefined);
  return simplest(schema);
}

function givenOf({ example, examples, const: only, default: usual, enum: values }) {
  const given = [example, examples?.[0], only, usual, values?.[0]];
  return given.find((value) => value !== undefined);
}

function simplest(schema) {
  const { minimum = 1 } = schema;
  const values = { string: "text", integer: minimum, number: minimum, boolean: true, object: {} };
  return values[typesOf(schema)[0]];
}
