/* Choosing who the page asks as, and the line that says who that is. */

import { el } from "../../dom.js";
import { button, close, show } from "./dialog.js";
import {
  accepted, become, BROWSER, hasKey, isCookie, isKey, keep, NOBODY, onIdentity, open,
  operationCalled, reader, schemes,
} from "./identity.js";

const GUEST = "start_guest";
const LOGIN = "login";

/* Follows every change, also one made at another operation. */
export function identityLine(operation) {
  const line = el("div.asking", {});
  const draw = () => line.replaceChildren(...words(operation).filter(Boolean));
  onIdentity(draw);
  draw();
  return line;
}

function words(operation) {
  const ways = operation ? accepted(operation) : schemes();
  if (!ways.length) return [el("span", {}, "Open to all: nothing is sent about you.")];
  const sent = ways.filter(isKey).filter(({ id }) => hasKey(id)).map(({ name }) => name);
  const isForPrograms = ways.every(isKey);
  const whose = isForPrograms ? "Asks with " : "Asks as ";
  const name = isForPrograms ? sent[0] ?? "no key yet" : reader.name;
  const guest = reader === NOBODY && !isForPrograms && operationCalled(GUEST);
  return [
    el("span", {}, whose, el("strong", {}, name)),
    guest && tried("Be a guest", () => open(GUEST)),
    button("Change", choose, { "aria-label": "Change who is asking" }),
  ];
}

function choose() {
  const trouble = el("p.trouble", { role: "alert" });
  const act = (doing) => async (...given) => {
    try {
      await doing(...given);
      close();
    } catch ({ message }) {
      trouble.textContent = message;
    }
  };
  show("Who is asking?",
    el("p.rule", {}, "Kept in this page’s memory and nowhere else: a reload forgets it."),
    el("div.buttons", {},
      button("Nobody", act(() => become(NOBODY))),
      operationCalled(GUEST) && button("A new guest", act(() => open(GUEST))),
      schemes().some(isCookie) && button("This browser’s session", act(() => become(BROWSER)))),
    operationCalled(LOGIN) && entry("An account", LOGIN_FIELDS, "Log in", act((it) => open(LOGIN, it))),
    entry("A bearer token", [["Token", SECRET]], "Use it", act(({ Token: token }) => {
      become({ name: "the owner of the token", token });
    })),
    schemes().filter(isKey).map((one) =>
      entry("A program of the site", [[one.name, SECRET]], "Use it", act((it) => keep(one.id, it[one.name])))),
    trouble,
    el("div.buttons", {}, button("Close", close)));
}

const SECRET = { type: "password", autocomplete: "off", required: "" };
const LOGIN_FIELDS = [
  ["email", { type: "email", autocomplete: "username", required: "" }],
  ["password", { type: "password", autocomplete: "current-password", required: "" }],
];

function entry(title, fields, label, act) {
  const inputs = fields.map(([name, attributes]) =>
    el("label", {}, NAMES[name] ?? name, el("input", { name, ...attributes })));
  const form = el("form.entry", { "aria-label": title }, el("h3", {}, title), inputs,
    el("button", { type: "submit" }, label));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    act(Object.fromEntries(new FormData(form)));
  });
  return form;
}

const NAMES = { email: "E-mail", password: "Password" };

/* A button whose failure stands where it was. */
function tried(label, act) {
  const node = button(label, async () => {
    node.disabled = true;
    await act().catch(({ message }) => node.replaceWith(el("span.trouble", { role: "alert" }, message)));
  });
  return node;
}
