/* Logging in, registering, logging out; a guest is told what an account would do. */

import { byId, el } from "../dom.js";
import { button } from "./actions.js";
import { Trouble } from "./api.js";
import { ask, field } from "./dialog.js";
import { logIn, logOut, onChange, reader, register } from "./reader.js";

export function keepAccount() {
  onChange(show);
  show();
}

function show() {
  const known = reader?.email;
  byId("account").replaceChildren(...(known
    ? [el("span.email", {}, known), button("Log out", leave, { class: "quiet" })]
    : [button("Log in", enter, { class: "quiet" }), button("Register", join)]));
}

const emailField = () => field("E-mail", {
  name: "email", type: "email", autocomplete: "username", required: "", maxlength: 254,
});
const passwordField = (autocomplete, rules = {}) => field("Password", {
  name: "password", type: "password", autocomplete, required: "", maxlength: 128, ...rules,
});

async function enter() {
  const content = [emailField(), passwordField("current-password")];
  const done = await ask({ title: "Log in", content, label: "Log in", act: logIn });
  settle(done && "You are logged in.");
}

async function join() {
  const words = "What you have asked so far comes with you.";
  const rules = { minlength: 8, "aria-describedby": "rule" };
  const rule = el("p.hint", { id: "rule" }, "8 characters or more, not a common password.");
  const content = [el("p", {}, words), emailField(), passwordField("new-password", rules), rule];
  const done = await ask({ title: "Register", content, label: "Register", act: register });
  settle(done && "You have an account and are logged in.");
}

async function leave() {
  const trouble = await logOut().catch((error) => {
    if (error instanceof Trouble) return error.message;
    throw error;
  });
  settle(trouble || "You are logged out.");
}

/* The buttons were replaced, and the focus with them. */
function settle(words) {
  if (!words) return;
  byId("said").textContent = words;
  byId("question").focus();
}
