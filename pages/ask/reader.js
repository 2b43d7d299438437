/* Who is asking: an account, a guest, or nobody. The cookie is the browser's; no script sees it. */

import { send } from "./api.js";
import { hasToken, isForeign, keepToken } from "./service.js";

const AUTH = "/api/v1/auth";
const GUEST_PATIENCE = 3_000; // ms; a question is not to wait long for a session

export let reader = null;
let recalled = null; // resolves to whether the service could tell
const changes = new EventTarget();

export const onChange = (listener) => changes.addEventListener("change", listener);
export const onLeave = (listener) => changes.addEventListener("leave", listener);

function become(next) {
  const isOther = reader?.email !== next?.email || !reader !== !next;
  reader = next;
  if (isOther) changes.dispatchEvent(new Event("change"));
}

export function recall() {
  recalled ??= isNewcomer() ? Promise.resolve(true) : askWho();
  return recalled;
}

/* Where it is known that there is no session, nobody asks: it would be a 401 in the console. */
const isNewcomer = () =>
  (isForeign ? !hasToken() : "newcomer" in document.documentElement.dataset);

async function askWho() {
  try {
    become(await send("GET", `${AUTH}/session`));
    return true;
  } catch ({ status }) {
    if (status === 401) forget();
    return status === 401;
  }
}

/* A session for the first question. Without one the question is asked all the same. While nobody
   can tell whether there is one already, none is opened: it would take the place of an account's. */
export async function ensure() {
  if (!await recall()) recalled = null;
  if (reader || !recalled) return;
  const options = { patience: GUEST_PATIENCE };
  const carried = isForeign ? { transport: "bearer" } : {};
  const session = await send("POST", `${AUTH}/guest`, carried, options).catch(() => null);
  if (session && isForeign) keepToken(session.access_token);
  become(session);
}

/* A guest's conversations follow into the account: the service sees to that. */
export async function logIn(credentials) {
  become(await send("POST", `${AUTH}/login`, credentials));
}

export async function register(credentials) {
  await send("POST", `${AUTH}/register`, credentials);
  await logIn(credentials);
}

export async function logOut() {
  await send("POST", `${AUTH}/logout`);
  become(null);
  changes.dispatchEvent(new Event("leave"));
}

export function forget() {
  if (isForeign) keepToken(null);
  become(null);
}
