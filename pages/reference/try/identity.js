/* Who the page asks as. Only this module knows the secrets: a reload forgets them, none is stored. */

import { contract, deref } from "../contract.js";
import { operationsOf } from "../operation.js";

export const NOBODY = { name: "nobody" };
export const BROWSER = { name: "whoever this browser is signed in as", isBrowser: true };
export let reader = NOBODY;
const keys = new Map();
const changes = new EventTarget();
export const onIdentity = (listener) => changes.addEventListener("change", listener);
const tell = () => changes.dispatchEvent(new Event("change"));

export function become(next) {
  reader = next;
  tell();
}

export function keep(scheme, key) {
  keys.set(scheme, key);
  tell();
}

export const hasKey = (scheme) => Boolean(keys.get(scheme));
export const schemes = () => Object.entries(contract.components?.securitySchemes ?? {})
  .map(([name, one]) => ({ id: name, ...deref(one) }));
export const isKey = ({ type, in: place }) => type === "apiKey" && place === "header";
export const isCookie = ({ type, in: place }) => type === "apiKey" && place === "cookie";
const isBearer = ({ type, scheme = "" }) => type === "http" && scheme.toLowerCase() === "bearer";

export function accepted({ security }) {
  const names = new Set(security.flatMap(Object.keys));
  return schemes().filter(({ id }) => names.has(id));
}

/* What goes along: headers with the name of a variable for curl, and whether the cookie does. */
export function credentialsFor(operation) {
  const ways = accepted(operation);
  const sent = ways.filter(isKey).filter(({ id }) => hasKey(id));
  const typed = sent.map(({ id, name }) => ({ name, value: keys.get(id), scheme: id }));
  const bearer = reader.token && ways.find(isBearer);
  const mode = reader.isBrowser && ways.some(isCookie) ? "same-origin" : "omit";
  if (!bearer) return { headers: typed, mode };
  const own = { name: "Authorization", value: `Bearer ${reader.token}`, scheme: bearer.id };
  return { headers: [own, ...typed], mode };
}

/* A session in this page's memory: no cookie is set, and that of the browser stays as it is. */
export async function open(operationId, body = {}) {
  const operation = operationCalled(operationId);
  const response = await fetch(operation.path, {
    method: operation.method,
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ...body, transport: "bearer" }),
    credentials: "omit",
  });
  const reply = await response.json();
  if (!response.ok) throw new Error(reply.message ?? `The service answered ${response.status}.`);
  become(ofSession(reply));
}

export const ofSession = ({ access_token: token, email }) =>
  ({ name: email ?? "a guest", token });

export const operationCalled = (id) =>
  Object.entries(contract.paths).flatMap(operationsOf).find((one) => one.id === id);
