/* The ids that replies have named, by the path parameters that take them. */

import { contract } from "../contract.js";
import { operationsOf } from "../operation.js";

export const seen = new Map();
const changes = new EventTarget();
export const onSeen = (listener) => changes.addEventListener("change", listener);

/* Notes the ids in a reply's JSON; the operations that each of them is enough for. */
export function learn(value) {
  const operations = Object.entries(contract.paths).flatMap(operationsOf);
  const needs = (one) => one.parameters.filter((it) => it.in === "path").map(({ name }) => name);
  const found = new Map(operations.flatMap(needs)
    .map((name) => [name, first(value, name)])
    .filter(([, id]) => id));
  for (const [name, id] of found) seen.set(name, id);
  if (found.size) changes.dispatchEvent(new Event("change"));
  return operations.filter((one) => needs(one).length && needs(one).every((name) => found.has(name)));
}

/* The first text member of that name, however deep. */
function first(value, name) {
  if (typeof value !== "object" || value === null) return undefined;
  if (typeof value[name] === "string") return value[name];
  for (const inner of Object.values(value)) {
    const id = first(inner, name);
    if (id) return id;
  }
  return undefined;
}
