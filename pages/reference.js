/* The API reference: reads /openapi.json and shows all of it, whatever operations it holds.
   The document's words become text nodes and attributes, never markup: nothing in them can run. */

const METHODS = ["get", "head", "query", "post", "put", "patch", "delete", "options", "trace"];
const STREAM = "text/event-stream";
const PROBLEM = "application/problem+json";
const REF = Symbol("the $ref that a resolved node came from");
let contract = {};

/* Elements: el("p.note", { id }, "text", [more, false]); a child that is falsy is left out */

function el(selector, attributes = {}, ...children) {
  const [tag, ...classes] = selector.split(".");
  const node = document.createElement(tag);
  if (classes.length) node.className = classes.join(" ");
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children.flat(Infinity).filter((child) => child || child === 0));
  return node;
}

const byId = (id) => document.getElementById(id);
const mono = (value) => el("code", {}, typeof value === "string" && value ? value : JSON.stringify(value));
const rule = (...words) => el("p.rule", {}, words);
const list = (items) => items.length > 0 && el("ul.fields", {}, items);
const join = (nodes, text) => nodes.flatMap((node, i) => (i ? [text, node] : [node]));
const pretty = (value) => (typeof value === "string" ? value : JSON.stringify(value, null, 2));

function code(text) {
  const parts = text.split(/("(?:\\.|[^"\\\n])*"(?=\s*:))/); // odd ones are the names of JSON members
  return el("pre", {}, el("code", {}, parts.map((part, i) => (i % 2 ? el("span.key", {}, part) : part))));
}

/* Filled when first opened: schemas that contain each other would grow without end. */
function disclosure(summary, build, attributes = {}) {
  const node = el("details", attributes, el("summary", {}, summary));
  node.addEventListener("toggle", () => node.append(el("div.inside", {}, build())), { once: true });
  return node;
}

function open(node) {
  node.open = true;
  node.dispatchEvent(new Event("toggle")); // the browser's own comes too late to print
  return node;
}

/* Markdown, a little of it */

const INLINE = new RegExp([/`([^`]+)`/, /\*\*(.+?)\*\*/, /\*([^\s*][^*]*)\*/, /\[([^\]]+)\]\(((?:[^()\s]|\([^()\s]*\))+)\)/,
  /<?(https?:\/\/[^\s<>)]*[^\s<>).,;:])>?/].map((one) => one.source).join("|"));

function inline(text = "") {
  const found = INLINE.exec(text);
  if (!found) return [text];
  const [whole, literal, strong, emphasis, label, href, bare] = found;
  const node = literal ? mono(literal)
    : strong ? el("strong", {}, inline(strong))
    : emphasis ? el("em", {}, inline(emphasis))
    : link(href ?? bare, label ? inline(label) : bare);
  return [text.slice(0, found.index), node, ...inline(text.slice(found.index + whole.length))];
}

function link(href, label) {
  const isSafe = URL.canParse(href, location.href) && /^(https?|mailto):$/.test(new URL(href, location.href).protocol);
  return isSafe ? el("a", { href }, label) : el("span", {}, label);
}

function markdown(text = "") {
  const chunks = (part) => part.split(/\n\s*\n|\n(?=\s*(?:[-*+]|\d+[.)])\s)/).map((chunk) => chunk.trim()).filter(Boolean);
  const parts = text.split(/^ *```.*\n([\s\S]*?)\n? *```[ ]*$/m); // odd ones stood between fences
  return parts.flatMap((part, i) => (i % 2 ? code(part) : chunks(part).reduce(addBlock, [])));
}

function addBlock(blocks, chunk) {
  const [, marker = "", text] = /^(?:([-*+]|\d+[.)]|#+)\s+)?([^]*)$/.exec(chunk);
  const tag = /\d/.test(marker) ? "ol" : marker.startsWith("#") ? "p.lead" : marker ? "ul" : "p";
  if (tag.startsWith("p")) return [...blocks, el(tag, {}, inline(text))];
  const isNew = blocks.at(-1)?.localName !== tag;
  if (isNew) blocks.push(el(tag));
  blocks.at(-1).append(el("li", {}, inline(text)));
  return blocks;
}

/* References, and schemas in words */

function deref(node, hops = 0) {
  if (!node?.$ref) return node ?? {};
  const { $ref, ...siblings } = node;
  const plain = (step) => decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~");
  const steps = $ref.startsWith("#") && hops < 20 ? $ref.split("/").slice(1) : ["nowhere"];
  return { ...deref(steps.reduce((at, step) => at?.[plain(step)], contract), hops + 1), ...siblings, [REF]: $ref };
}

/* A schema with its $ref followed, its allOf folded in, and "or null" told apart. */
function settle(node, depth = 0) {
  if (typeof node !== "object" || depth > 20) return node === false ? { not: {} } : {};
  const raw = deref(node);
  const schema = (raw.allOf ?? []).reduceRight((folded, part) => fold(settle(part, depth + 1), folded), raw);
  const key = schema.oneOf ? "oneOf" : "anyOf";
  const some = schema[key]?.filter((one) => one?.type !== "null") ?? [];
  if (some.length === (schema[key] ?? []).length) return { nullable: [schema.type].flat().includes("null"), ...schema };
  const only = some.length === 1 ? settle(some[0], depth + 1) : {};
  return { ...only, ...schema, [key]: some.length > 1 ? some : undefined, nullable: true };
}

function fold(base, over) {
  const required = [...(base.required ?? []), ...(over.required ?? [])];
  return { ...base, ...over, required, properties: { ...base.properties, ...over.properties } };
}

const nameOf = (schema) => schema[REF]?.split("/").pop() ?? schema.title;
const unionOf = (schema) => schema.oneOf ?? schema.anyOf;
const membersOf = (schema) => Object.entries(schema.properties ?? {});
const isPlain = (schema) => !membersOf(schema).length && !unionOf(schema);

function typeOf(node, depth = 0) {
  const schema = settle(node);
  const types = [schema.type ?? []].flat().filter((type) => type !== "null");
  const union = () => unionOf(schema).map((one) => typeOf(one, depth + 1)).join(" or ");
  const kind = depth > 3 ? nameOf(schema) ?? "…"
    : types.includes("array") ? `array of ${typeOf(schema.items, depth + 1)}`
    : types.includes("object") || membersOf(schema).length ? nameOf(schema) ?? "object"
    : unionOf(schema) ? nameOf(schema) ?? union()
    : types.join(" or ") || (schema.not ? "never" : "any value");
  return schema.nullable ? `${kind} or null` : kind;
}

const RANGES = [["minLength", "maxLength", " characters"], ["minItems", "maxItems", " items"],
  ["minProperties", "maxProperties", " members"], ["minimum", "maximum", ""]];
const KEYWORDS = { const: "always", enum: "one of", exclusiveMinimum: "above", exclusiveMaximum: "below",
  multipleOf: "a multiple of", pattern: "matches", default: "default", contentMediaType: "holds" };
const FLAGS = { uniqueItems: "no duplicates", readOnly: "read only", writeOnly: "write only", deprecated: "deprecated" };

function limits(node, depth = 0) {
  const schema = settle(node);
  const values = (key) => join((key === "enum" ? schema.enum : [schema[key]]).map(mono), ", ");
  const isTold = (key) => schema[key] !== undefined;
  const told = Object.keys(KEYWORDS).filter(isTold).map((key) => [`${KEYWORDS[key]} `, values(key)]);
  const flags = Object.keys(FLAGS).filter((key) => schema[key]).map((key) => FLAGS[key]);
  const ranges = RANGES.map(([low, high, unit]) => range(schema[low], schema[high], unit));
  const each = schema.items && depth < 4 ? limits(schema.items, depth + 1) : [];
  return [schema.format, ...ranges, ...told, ...flags, each.length > 0 && ["each ", join(each, ", ")]].filter(Boolean);
}

function range(low, high, unit) {
  if (high === undefined) return low === undefined ? "" : `at least ${low}${unit}`;
  if (low === high) return `${low}${unit}`;
  return low === undefined || (low === 0 && unit) ? `up to ${high}${unit}` : `${low} to ${high}${unit}`;
}

/* The first level of an if or a then: "`context` is `selected-text`". */
function claims(node) {
  const { properties = {}, required = [] } = settle(node);
  const isFixed = (name) => settle(properties[name]).const !== undefined;
  const fixed = Object.keys(properties).filter(isFixed).map((name) => [mono(name), " is ", mono(settle(properties[name]).const)]);
  return join([...fixed, ...required.filter((name) => !isFixed(name)).map((name) => [mono(name), " is given"])], " and ");
}

/* Schemas on the page */

function signature(name, node, ...marks) {
  const told = [el("span.type", {}, typeOf(node)), ...limits(node).map((limit) => el("span.limit", {}, limit))];
  return el("p.signature", {}, join([name, ...marks, ...told].filter(Boolean), " "));
}

/* A member of a schema, a parameter or a header; `trail` lists the $refs around it. */
function field(name, { schema, required, deprecated, in: place, description }, trail = []) {
  const marks = [place && `in ${place}`, deprecated && "deprecated"].map((mark) => mark && el("span.place", {}, mark));
  const must = required && el("strong.required", {}, "required");
  return el("li", {}, signature(el("code.name", {}, name), schema, must, ...marks), markdown(description ?? settle(schema).description),
    nested(schema, trail));
}

/* The inside of an object, a union, or an array of them, closed. A cycle is named, not followed. */
function nested(node, trail) {
  const schema = settle(node);
  const inner = schema.items ?? schema.additionalProperties;
  const [members, kinds] = [membersOf(schema).length, unionOf(schema)?.length];
  if (trail.includes(schema[REF])) return rule(`${nameOf(schema)}, as above.`);
  if (!members && !kinds) return typeof inner === "object" && nested(inner, [...trail, schema[REF] ?? ""]);
  const size = members === 1 ? "1 member" : members ? `${members} members` : `${kinds} alternatives`;
  return disclosure([size, el("span.unseen", {}, ` of ${nameOf(schema) ?? "this"}`)], () => structure(node, trail));
}

function structure(node, trail = []) {
  const schema = settle(node);
  const { patternProperties = {}, additionalProperties: other, required = [] } = schema;
  const rest = typeof other === "object" ? { "any other name": other } : {};
  const members = [...membersOf(schema), ...Object.entries({ ...patternProperties, ...rest })];
  const path = [...trail, schema[REF] ?? ""];
  const ifs = new Map([schema, ...(schema.allOf ?? [])].map((one) => [one.if, one.then]));
  ifs.delete(undefined);
  return [
    list(members.map(([name, one]) => field(name, { schema: one, required: required.includes(name) }, path))),
    unionOf(schema) && rule(schema.oneOf ? "One of:" : "Any of:"),
    list((unionOf(schema) ?? []).map((one) => alternative(schema, one, path))),
    [...ifs].map(([condition, consequence]) => rule("If ", claims(condition), ", then ", claims(consequence), ".")),
    other === false && rule("No other members.")];
}

function alternative(union, node, trail) {
  const schema = settle(node);
  const tag = tagOf(union, node);
  const name = el("strong.name", {}, nameOf(schema) ?? claims(node));
  const picked = tag !== undefined && el("span.limit", {}, mono(union.discriminator.propertyName), " is ", mono(tag));
  const inside = nested(node, trail);
  const isShort = trail.length === 1 && unionOf(union).length < 4 && inside.localName === "details";
  return el("li", {}, isPlain(schema) ? signature(name, node, picked) : el("p.signature", {}, name, " ", picked),
    markdown(schema.description), isShort ? open(inside) : inside);
}

/* The discriminator's value that picks *node* among the alternatives of *union*. */
function tagOf({ discriminator = {} }, node) {
  const mapped = Object.entries(discriminator.mapping ?? {}).find(([, ref]) => ref === node.$ref);
  const property = settle(settle(node).properties?.[discriminator.propertyName]);
  return mapped ? mapped[0] : property.const ?? property.enum?.[0];
}

function schemaView(node) {
  const plain = isPlain(settle(node));
  return [plain && signature("", node), markdown(settle(node).description), plain ? nested(node, []) : structure(node)];
}

/* Examples: the document's, else made from the schema */

function sample(node, trail = []) {
  const schema = settle(node);
  const { example, examples, const: only, default: usual, enum: values, items, type, minimum = 1 } = schema;
  const given = [example, examples?.[0], only, usual, values?.[0]].find((value) => value !== undefined);
  if (given !== undefined || trail.includes(schema[REF]) || trail.length > 8) return given;
  const inner = (one) => sample(one, [...trail, schema[REF] ?? ""]);
  if (membersOf(schema).length) return Object.fromEntries(membersOf(schema).map(([name, one]) => [name, inner(one)]));
  if (unionOf(schema)) return inner(unionOf(schema)[0]);
  if (items) return [inner(items)].filter((value) => value !== undefined);
  return { string: "text", integer: minimum, number: minimum, boolean: true, object: {} }[[type].flat()[0]];
}

function examplesOf({ schema, itemSchema, examples = {}, example }) {
  const named = Object.entries(examples).map(([name, one]) => ({ title: deref(one).summary ?? name, value: deref(one).value }));
  if (named.length || example !== undefined) return named.length ? named : [{ title: "Example", value: example }];
  const whole = settle(itemSchema ?? schema);
  const kinds = membersOf(whole).length || whole.examples || whole.example ? [whole] : unionOf(whole) ?? [whole];
  const made = kinds.map((one) => ({ title: (kinds.length > 1 && nameOf(settle(one))) || "Example", value: sample(one) }));
  return made.filter(({ value }) => value !== undefined);
}

/* The document's events, and a made one for each alternative that they leave out. */
function eventsOf(media) {
  const union = settle(media.itemSchema ?? media.schema);
  const told = media.examples || media.example ? examplesOf(media) : [];
  const key = union.discriminator?.propertyName;
  const isTold = (one) => told.some(({ value }) => typeof value === "string" || value[key] === tagOf(union, one));
  const made = (unionOf(union) ?? [union]).filter((one) => !isTold(one));
  return [...told, ...made.map((one) => ({ title: nameOf(settle(one)) ?? "An event", value: sample(one) }))];
}

function figuresOf([mediaType, media]) {
  const figure = (kind, title, text) => el(kind, {}, el("figcaption", {}, title), code(text));
  if (mediaType !== STREAM) return examplesOf(media).map(({ title, value }) => figure("figure", title, pretty(value)));
  const line = (value) => (typeof value === "string" ? value.trim() : `data: ${JSON.stringify(value)}`);
  return eventsOf(media).map(({ title, value }) => figure("figure.frame", title, line(value)));
}

/* curl */

const quote = (text) => `'${String(text).replaceAll("'", "'\\''")}'`;
const valueOf = (parameter) => examplesOf(parameter)[0]?.value ?? parameter.name;

function curl({ method, path, parameters, security, responses }, { mediaType, value } = {}) {
  const given = (place) => parameters.filter((one) => one.in === place && one.required).map((one) => [one.name, valueOf(one)]);
  const filled = given("path").reduce((at, [name, one]) => at.replace(`{${name}}`, encodeURIComponent(one)), path);
  const query = new URLSearchParams(given("query")).toString();
  const isStream = responses.some(({ content }) => content?.[STREAM]);
  const verb = method === (mediaType ? "POST" : "GET") ? "" : `-X ${method} `;
  return [`curl ${isStream ? "-N " : ""}${verb}${quote(location.origin + filled + (query && `?${query}`))}`, ...credentials(security),
    ...given("header").map(([name, one]) => `-H ${quote(`${name}: ${one}`)}`),
    ...(mediaType ? [`-H ${quote(`Content-Type: ${mediaType}`)}`, `-d ${quote(pretty(value))}`] : [])].join(" \\\n  ");
}

/* What the first way in needs; nothing where a credential may be left out. */
function credentials(security) {
  if (security.some((way) => !Object.keys(way).length)) return [];
  return Object.keys(security[0] ?? {}).map((name) => {
    const scheme = deref(contract.components?.securitySchemes?.[name]);
    const variable = `$${name.replace(/([a-z])([A-Z])/g, "$1_$2").replace(/\W+/g, "_").toUpperCase()}`;
    if (scheme.in === "cookie") return `-b "${scheme.name}=${variable}"`;
    return scheme.in === "header" ? `-H "${scheme.name}: ${variable}"` : `-H "Authorization: Bearer ${variable}"`;
  });
}

function curlFigure(operation) {
  const choices = Object.entries(operation.body.content ?? {}).flatMap(([mediaType, media]) =>
    examplesOf(media).map((one) => ({ ...one, mediaType })));
  const shown = el("div", {}, code(curl(operation, choices[0])));
  const options = choices.map(({ title }, i) => el("option", { value: i }, title));
  const select = el("select", { "aria-label": `Example for ${operation.title}` }, options);
  const button = el("button", { type: "button", "aria-label": `Copy the curl command for ${operation.title}` }, "Copy");
  select.addEventListener("change", () => shown.replaceChildren(code(curl(operation, choices[select.value]))));
  button.addEventListener("click", () => copy(shown, button));
  return el("figure", {}, el("figcaption", {}, "curl", choices.length > 1 && select, button), shown);
}

/* Without a clipboard (plain http, or refused) the command is selected, ready for the keyboard. */
async function copy(shown, button) {
  const done = await navigator.clipboard?.writeText(shown.textContent).then(() => "Copied", () => "");
  if (!done) getSelection().selectAllChildren(shown);
  button.textContent = byId("said").textContent = done || "Selected";
  setTimeout(() => { button.textContent = "Copy"; }, 2000);
}

/* Operations */

const row = (words, figures = []) => el("div.row", {}, el("div.words", {}, words), el("div.figures", {}, figures));
const badge = (method) => el("span.method", {}, method);

function operationsOf([path, raw]) {
  const item = deref(raw);
  return METHODS.filter((method) => item[method]).map((method) => {
    const told = { tags: ["Other"], parameters: [], responses: {}, security: contract.security ?? [], ...item[method] };
    const id = told.operationId ?? `${method}${path}`.replace(/\W+/g, "-");
    const given = [...(item.parameters ?? []), ...told.parameters].map((one) => deref(one)); // the operation's own win
    const operation = { ...told, id, path, method: method.toUpperCase(), title: (told.summary ?? id).replace(/\.$/, ""),
      parameters: [...new Map(given.map((one) => [`${one.in} ${one.name}`, one])).values()], body: deref(told.requestBody),
      responses: Object.entries(told.responses).map(([status, one]) => ({ status, ...deref(one) })) };
    const words = [method, path, id, told.summary, told.description, ...told.tags].join(" ").toLowerCase();
    const entry = el("li", {}, el("a", { href: `#${id}` }, badge(operation.method), " ", el("span", {}, operation.title)));
    return { tag: told.tags[0], words, entry, view: operationView(operation) };
  });
}

function operationView(operation) {
  const { id, title, method, path, deprecated, description, responses } = operation;
  const problems = responses.filter(({ content }) => content?.[PROBLEM]);
  return el("article", { id, "aria-labelledby": `${id}-title` },
    el("h3", { id: `${id}-title` }, el("a", { href: `#${id}` }, title)),
    el("p.route", {}, badge(method), " ", mono(path), " ", el("span.place", {}, id, deprecated && ", deprecated")),
    row([markdown(description), securityView(operation), requestView(operation)], curlFigure(operation)),
    responses.filter((one) => !problems.includes(one)).map(responseView),
    problems.length > 0 && row([el("h4", {}, "Problems"), problems.map(problemView)]));
}

function securityView({ security }) {
  const scheme = ([name, scopes]) => [link(`#auth-${name}`, name), scopes.length > 0 && ` (${scopes.join(", ")})`];
  const ways = security.map((way) => Object.entries(way)).filter((way) => way.length).map((way) => join(way.map(scheme), " and "));
  const word = ways.length < security.length ? "Open to all; says who is asking with " : "Needs ";
  return rule(ways.length ? [word, join(ways, " or "), "."] : "Open to all.");
}

function requestView({ parameters, body }) {
  return [parameters.length > 0 && el("h4", {}, "Parameters"), list(parameters.map((one) => field(one.name, one))),
    body.content && [el("h4", {}, body.required ? "Body" : "Body, optional"), markdown(body.description), mediaView(body)]];
}

function mediaView({ content = {} }) {
  const stream = el("p", {}, "Server-sent events. Each is one line, ", mono("data: "), "and a JSON document, then a blank line.");
  return Object.entries(content).map(([mediaType, media]) =>
    [el("p.media", {}, mediaType), mediaType === STREAM && stream, schemaView(media.itemSchema ?? media.schema)]);
}

const headersView = ({ headers = {} }) =>
  list(Object.entries(headers).map(([name, one]) => field(name, { ...deref(one), in: "header" })));

function responseView(response) {
  const { status, description, content = {}, links = {} } = response;
  const next = Object.values(links).map(({ operationId }) => rule("Next: ", link(`#${operationId}`, operationId)));
  return row([el("h4", {}, `Response ${status}`), markdown(description), headersView(response), mediaView(response), next],
    Object.entries(content).map(figuresOf));
}

function problemView(response) {
  const media = response.content[PROBLEM];
  const examples = examplesOf(media).map(({ value }) => value);
  const codes = [...new Set(examples.map((value) => value.error ?? value.title).filter(Boolean))];
  const shape = nameOf(deref(media.schema));
  const title = [el("strong", {}, response.status), " ", join(codes.map(mono), " "), " ", el("span", {}, inline(response.description))];
  return disclosure(title, () => [headersView(response), examples.map((value) => code(pretty(value))),
    shape && rule("Members: ", link(`#schema-${shape}`, shape))], { class: "problem" });
}

/* The page */

function about({ title, version, summary, description, license, contact }) {
  const more = [license, contact, contract.externalDocs].filter(Boolean).map(({ url, name, description: text, email }) =>
    (url || email ? link(url ?? `mailto:${email}`, name ?? text ?? url ?? email) : name));
  byId("title").textContent = title;
  document.title = `${title} API reference`;
  byId("about").append(el("p.summary", {}, inline(summary)),
    el("p.facts", {}, join([`Version ${version}`, ...more, link("/openapi.yaml", "openapi.yaml")], " · ")), ...markdown(description));
}

/* A part of the page with its entry in the navigation. */
function section(id, title, content, operations = []) {
  return { operations,
    view: el("section", { id, "aria-labelledby": `${id}-title` },
      el("h2", { id: `${id}-title` }, title), content, operations.map(({ view }) => view)),
    entry: el("li", {}, el("a.section", { href: `#${id}` }, title), el("ul", {}, operations.map(({ entry }) => entry))) };
}

function sections({ paths = {}, tags = [], components: { securitySchemes = {}, schemas = {} } = {} }) {
  const all = Object.entries(paths).flatMap(operationsOf);
  const texts = new Map([...all.map(({ tag }) => [tag]), ...tags.map(({ name, description }) => [name, description])]);
  const names = new Set([...tags.map(({ name }) => name), ...texts.keys()]); // in the document's order
  const topics = [...names].map((name) =>
    section(`tag-${name}`, name, markdown(texts.get(name)), all.filter(({ tag }) => tag === name)));
  const shapes = Object.keys(schemas).map((name) =>
    disclosure(name, () => schemaView({ $ref: `#/components/schemas/${name}` }), { id: `schema-${name}` }));
  return [section("auth", "Authentication", Object.entries(securitySchemes).map(schemeView)),
    ...topics, section("schemas", "Schemas", shapes)].filter(({ view }) => view.querySelector("article, details, .scheme"));
}

function schemeView([name, raw]) {
  const { type, scheme = "", in: place, name: key, description } = deref(raw);
  return el("div.scheme", { id: `auth-${name}` }, el("h3", {}, name),
    rule(place ? [`${place} `, mono(key)] : `${type} ${scheme}`), markdown(description));
}

function filter(parts, text) {
  const words = text.toLowerCase().split(/\s+/);
  const show = ({ view, entry }, isShown) => { view.hidden = entry.hidden = !isShown; };
  const all = parts.flatMap(({ operations }) => operations);
  all.forEach((one) => show(one, words.every((word) => one.words.includes(word))));
  parts.forEach((part) => show(part, part.operations.some(({ view }) => !view.hidden) || (!text && !part.operations.length)));
  byId("matches").textContent = text && `${all.filter(({ view }) => !view.hidden).length} of ${all.length} operations`;
}

function listen(parts) {
  const wide = matchMedia("(min-width: 60rem)");
  const unfold = () => { byId("contents").open = wide.matches; };
  unfold();
  wide.addEventListener("change", unfold);
  byId("entries").addEventListener("click", unfold);
  byId("filter").addEventListener("input", ({ target }) => filter(parts, target.value.trim()));
  addEventListener("hashchange", reveal);
  addEventListener("beforeprint", () => document.querySelectorAll("article details").forEach(open));
}

function reveal() {
  const target = document.querySelector(":target");
  if (target?.localName === "details") open(target);
  target?.scrollIntoView();
}

async function start() {
  try {
    const answer = await fetch("/openapi.json");
    if (!answer.ok) throw new Error(`the service answered ${answer.status}`);
    contract = await answer.json();
    const parts = sections(contract);
    about(contract.info);
    byId("entries").append(el("ul", {}, parts.map(({ entry }) => entry)));
    byId("reference").replaceChildren(...parts.map(({ view }) => view));
    byId("navigation").hidden = false;
    listen(parts);
    if (location.hash) location.replace(location.hash); // the target was not there when the page loaded
    reveal();
  } catch ({ message }) {
    const advice = ["Reload in a moment, or read ", link("/openapi.yaml", "/openapi.yaml"), "."];
    byId("state").replaceChildren(`The contract could not be shown: ${message}. `, ...advice);
  }
  byId("reference").removeAttribute("aria-busy");
}

start();
