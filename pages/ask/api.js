/* Requests to the service. Whatever goes wrong is a Trouble, with a sentence for the reader. */

import { authorization, urlOf } from "./service.js";

const PATIENCE = 20_000; // ms until a reply must have begun

export class Trouble extends Error {
  constructor(sentence, { status = 0, code = "offline" } = {}) {
    super(sentence);
    Object.assign(this, { status, code });
  }
}

/* The JSON of the reply, null when it has none. */
export async function send(method, path, body, options) {
  const reply = await open(method, path, body, options);
  if (reply.status === 204) return null;
  return reply.json().catch(() => { throw new Trouble(UNREADABLE); });
}

/* The reply as soon as its headers are there; `leave` takes the connection away at any time. */
export async function open(method, path, body, { patience = PATIENCE, leave, ...options } = {}) {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), patience);
  const signal = AbortSignal.any([late.signal, leave].filter(Boolean));
  const type = body && { "Content-Type": "application/json" };
  const headers = { ...type, ...authorization(), ...options.headers };
  const request = { ...options, method, headers, body: body && JSON.stringify(body) };
  try {
    const reply = await fetch(urlOf(path), { ...request, signal });
    if (!reply.ok) throw await troubleOf(reply);
    return reply;
  } catch (error) {
    throw error instanceof Trouble ? error : new Trouble(navigator.onLine ? SILENT : OFFLINE);
  } finally {
    clearTimeout(timer);
  }
}

async function troubleOf(reply) {
  const { message, error: code } = await reply.json().catch(() => ({}));
  const sentence = ended(message ?? `The service answered with the status ${reply.status}`);
  const wait = waiting(Number(reply.headers.get("Retry-After")));
  return new Trouble(sentence + wait, { status: reply.status, code });
}

const ended = (sentence) => (/[.!?…]$/.test(sentence) ? sentence : `${sentence}.`);

export function waiting(seconds) {
  if (!(seconds > 0)) return "";
  const [count, unit] = [[3600, "hour"], [60, "minute"], [1, "second"]]
    .filter(([size]) => seconds >= size || size === 1)
    .map(([size, name]) => [Math.ceil(seconds / size), name])[0];
  return ` Try again in ${count} ${unit}${count === 1 ? "" : "s"}.`;
}

const OFFLINE = "You seem to be offline.";
const SILENT = "The service cannot be reached.";
const UNREADABLE = "The service’s reply could not be read.";
