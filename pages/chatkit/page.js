/* OpenAI's ChatKit around the book: loads the component, and tells it where the book is. */

import { send } from "../ask/api.js";
import { theBook } from "../ask/chapters.js";
import { byId } from "../dom.js";
import { load } from "./component.js";
import { options } from "./options.js";

const AWAY = "ChatKit could not be loaded from OpenAI; perhaps there is no way to the internet.";
const TAG = "openai-chatkit";
const dark = matchMedia("(prefers-color-scheme: dark)");

async function start() {
  try {
    const asked = [send("GET", "/api/v1/chatkit/config"), theBook(), load(TAG)];
    const [config, book] = await Promise.all(asked);
    show(options(config, book, location.hash.slice(1) || null));
  } catch (error) {
    byId("state").setAttribute("role", "alert");
    byId("state").textContent = error.status === undefined ? AWAY : error.message;
  }
}

function show(wanted) {
  const chat = document.createElement(TAG);
  const dress = () => chat.setOptions({ ...wanted, theme: dark.matches ? "dark" : "light" });
  dress();
  dark.addEventListener("change", dress);
  chat.addEventListener("chatkit.thread.change", ({ detail }) => name(detail.threadId));
  byId("chat").replaceChildren(chat);
}

/* The address names the thread, so that a reload comes back to it. */
function name(threadId) {
  history.replaceState(null, "", threadId ? `#${threadId}` : location.pathname);
}

start();
