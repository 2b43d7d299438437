/* An operation as a curl command that runs as it stands, and the figure to copy it from. */

import { contract, deref, STREAM } from "./contract.js";
import { byId, code, el, figure } from "../dom.js";
import { examplesOf, pretty } from "./example.js";

export function curlFigure(operation) {
  const choices = choicesOf(operation.body);
  const shown = el("div", {}, code(curl(operation, choices[0])));
  const show = (i) => shown.replaceChildren(code(curl(operation, choices[i])));
  const caption = [
    "curl",
    choices.length > 1 && picker(choices, operation.title, show),
    copier(shown, operation.title),
  ];
  return figure("figure", caption, shown);
}

function choicesOf({ content = {} }) {
  return Object.entries(content).flatMap(([mediaType, media]) =>
    examplesOf(media).map((example) => ({ ...example, mediaType })));
}

function picker(choices, title, show) {
  const options = choices.map((choice, i) => el("option", { value: i }, choice.title));
  const select = el("select", { "aria-label": `Example for ${title}` }, options);
  select.addEventListener("change", () => show(select.value));
  return select;
}

function copier(shown, title) {
  const label = `Copy the curl command for ${title}`;
  const button = el("button", { type: "button", "aria-label": label }, "Copy");
  button.addEventListener("click", () => copy(shown, button));
  return button;
}

/* Without a clipboard (plain http, or refused) the command is selected, ready for the keyboard. */
async function copy(shown, button) {
  const text = shown.textContent;
  const done = await navigator.clipboard?.writeText(text).then(() => "Copied", () => "");
  if (!done) getSelection().selectAllChildren(shown);
  button.textContent = byId("said").textContent = done || "Selected";
  setTimeout(() => { button.textContent = "Copy"; }, 2000);
}

function curl(operation, { mediaType, value } = {}) {
  const { method, responses, security } = operation;
  const isStream = responses.some(({ content }) => content?.[STREAM]);
  const isUsual = method === (mediaType ? "POST" : "GET");
  const command = ["curl", isStream && "-N", !isUsual && `-X ${method}`, quote(urlOf(operation))];
  const body = mediaType ? [header("Content-Type", mediaType), `-d ${quote(pretty(value))}`] : [];
  const headers = given(operation, "header").map(([name, one]) => header(name, one));
  const parts = [command.filter(Boolean).join(" "), ...credentials(security), ...headers, ...body];
  return parts.join(" \\\n  ");
}

const quote = (text) => `'${String(text).replaceAll("'", "'\\''")}'`;
const header = (name, value) => `-H ${quote(`${name}: ${value}`)}`;

function urlOf(operation) {
  const path = given(operation, "path").reduce(
    (at, [name, value]) => at.replace(`{${name}}`, encodeURIComponent(value)), operation.path);
  const query = new URLSearchParams(given(operation, "query")).toString();
  return location.origin + path + (query && `?${query}`);
}

/* The parameters that the operation requires there, each with an example. */
function given({ parameters }, place) {
  const required = parameters.filter((one) => one.in === place && one.required);
  return required.map((one) => [one.name, examplesOf(one)[0]?.value ?? one.name]);
}

/* What the first way in needs; nothing where a credential may be left out. */
function credentials(security) {
  if (security.some((way) => !Object.keys(way).length)) return [];
  return Object.keys(security[0] ?? {}).map(credential);
}

function credential(scheme) {
  const { in: place, name } = deref(contract.components?.securitySchemes?.[scheme]);
  const words = scheme.replace(/([a-z])([A-Z])/g, "$1_$2").replace(/\W+/g, "_");
  const variable = `$${words.toUpperCase()}`;
  if (place === "cookie") return `-b "${name}=${variable}"`;
  if (place === "header") return `-H "${name}: ${variable}"`;
  return `-H "Authorization: Bearer ${variable}"`;
}
