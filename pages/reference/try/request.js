/* The request that a draft makes; curl shows it, and fetch sends it. */

import { credentialsFor } from "./identity.js";

export function requestOf(draft) {
  const { operation, mediaType, body } = draft;
  const type = body && [["Content-Type", mediaType]];
  const { headers, mode } = credentialsFor(operation);
  return {
    method: operation.method,
    url: urlOf(draft),
    headers: [...given(draft, "header"), ...(type || [])],
    secrets: headers,
    mode,
    body: body || undefined,
  };
}

function urlOf(draft) {
  const path = given(draft, "path").reduce(
    (at, [name, text]) => at.replace(`{${name}}`, encodeURIComponent(text)), draft.operation.path);
  const query = new URLSearchParams(given(draft, "query")).toString();
  return location.origin + path + (query && `?${query}`);
}

function given(draft, place) {
  return draft.operation.parameters
    .filter((one) => one.in === place && draft.text(one))
    .map((one) => [one.name, draft.text(one)]);
}

export function send({ url, method, headers, secrets, mode, body }, signal) {
  const told = [...headers, ...secrets.map(({ name, value }) => [name, value])];
  return fetch(url, { method, headers: told, body, credentials: mode, signal, cache: "no-store" });
}
