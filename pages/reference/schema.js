/* What a schema says, whichever way it is written. */

import { deref, REF } from "./contract.js";

export const nameOf = (schema) => schema[REF]?.split("/").pop() ?? schema.title;
export const unionOf = (schema) => schema.oneOf ?? schema.anyOf;
export const membersOf = (schema) => Object.entries(schema.properties ?? {});
export const isPlain = (schema) => !membersOf(schema).length && !unionOf(schema);
export const typesOf = ({ type = [] }) => [type].flat();

/* A schema with its $ref followed, its allOf folded in, and "or null" told apart. */
export function settle(node, depth = 0) {
  if (typeof node !== "object" || depth > 20) return node === false ? { not: {} } : {};
  const raw = deref(node);
  const parts = (raw.allOf ?? []).map((part) => settle(part, depth + 1));
  const schema = parts.reduceRight((folded, part) => fold(part, folded), raw);
  const union = unionOf(schema) ?? [];
  const kinds = union.filter((one) => one?.type !== "null");
  const isNull = typesOf(schema).includes("null");
  if (kinds.length === union.length) return { nullable: isNull, ...schema };
  const only = kinds.length === 1 ? settle(kinds[0], depth + 1) : {};
  const key = schema.oneOf ? "oneOf" : "anyOf";
  return { ...only, ...schema, [key]: kinds.length > 1 ? kinds : undefined, nullable: true };
}

function fold(base, over) {
  const required = [...(base.required ?? []), ...(over.required ?? [])];
  return { ...base, ...over, required, properties: { ...base.properties, ...over.properties } };
}

/* The discriminator's value that picks `node` among the alternatives of a union. */
export function tagOf({ discriminator: { mapping = {}, propertyName } = {} }, node) {
  const mapped = Object.keys(mapping).find((tag) => mapping[tag] === node.$ref);
  const property = settle(settle(node).properties?.[propertyName]);
  return mapped ?? property.const ?? property.enum?.[0];
}

/* Which alternative of a media type's schema a value is: by its tag, else by what it must hold. */
export function kindOf({ itemSchema, schema } = {}, value) {
  const whole = itemSchema ?? schema;
  const union = settle(whole);
  return (unionOf(union) ?? [whole]).find((node) => fits(union, node, Object(value)));
}

function fits(union, node, value) {
  const tag = tagOf(union, node);
  if (tag !== undefined) return value[union.discriminator.propertyName] === tag;
  const { required = [], ...schema } = settle(node);
  const isSo = ([name, one]) => [undefined, value[name]].includes(settle(one).const);
  const known = membersOf(schema).filter(([name]) => name in value);
  return required.every((name) => name in value) && known.every(isSo);
}
