/* A request as a curl command that runs as it stands; secrets are left to variables. */

import { contract, deref, STREAM } from "./contract.js";

export function curl(operation, { url, method, headers, secrets, mode, body }) {
  const isStream = operation.responses.some(({ content }) => content?.[STREAM]);
  const isUsual = method === (body ? "POST" : "GET");
  const command = ["curl", isStream && "-N", !isUsual && `-X ${method}`, quote(url)];
  const told = headers.map(([name, value]) => `-H ${quote(`${name}: ${value}`)}`);
  const data = body ? [`-d ${quote(body)}`] : [];
  const ways = waysIn(operation.security, secrets, mode).map(credential);
  return [command.filter(Boolean).join(" "), ...ways, ...told, ...data].join(" \\\n  ");
}

const quote = (text) => `'${String(text).replaceAll("'", "'\\''")}'`;

/* What goes along; else what the first way in needs, and nothing where it may be left out. */
function waysIn(security, secrets, mode) {
  const names = secrets.map(({ scheme }) => scheme);
  const cookie = security.flatMap(Object.keys).find((name) => schemeOf(name).in === "cookie");
  const sent = mode === "same-origin" && cookie ? [cookie, ...names] : names;
  if (sent.length || security.some((way) => !Object.keys(way).length)) return sent;
  return Object.keys(security[0] ?? {});
}

const schemeOf = (name) => deref(contract.components?.securitySchemes?.[name]);

function credential(scheme) {
  const { in: place, name } = schemeOf(scheme);
  const words = scheme.replace(/([a-z])([A-Z])/g, "$1_$2").replace(/\W+/g, "_");
  const variable = `$${words.toUpperCase()}`;
  if (place === "cookie") return `-b "${name}=${variable}"`;
  if (place === "header") return `-H "${name}: ${variable}"`;
  return `-H "Authorization: Bearer ${variable}"`;
}
