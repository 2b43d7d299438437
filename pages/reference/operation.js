/* The operations of a path: what the contract says of each, with its defaults filled in. */

import { contract, deref } from "./contract.js";

const METHODS = ["get", "head", "query", "post", "put", "patch", "delete", "options", "trace"];
const DEFAULTS = { tags: [], parameters: [], responses: {} };

export function operationsOf([path, raw]) {
  const item = deref(raw);
  return METHODS.filter((method) => item[method]).map((method) => operation(path, method, item));
}

function operation(path, method, item) {
  const told = { ...DEFAULTS, security: contract.security ?? [], ...item[method] };
  const id = told.operationId ?? `${method}${path}`.replace(/\W+/g, "-");
  return {
    ...told, id, path,
    method: method.toUpperCase(),
    tag: told.tags[0] ?? "Other",
    title: (told.summary ?? id).replace(/\.$/, ""),
    parameters: merge(item.parameters ?? [], told.parameters),
    body: deref(told.requestBody),
    responses: Object.entries(told.responses).map(([status, one]) => ({ status, ...deref(one) })),
  };
}

/* The operation's own parameters win over those of its path. */
function merge(shared, own) {
  const all = [...shared, ...own].map((one) => deref(one));
  return [...new Map(all.map((one) => [`${one.in} ${one.name}`, one])).values()];
}
