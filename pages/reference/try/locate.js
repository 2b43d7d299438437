/* Where the value at a JSON pointer (RFC 6901) stands in JSON text. */

const TOKEN = /"(?:\\.|[^"\\])*"|[{}[\]:,]|[^\s{}[\]:,"]+/g;

/* [start, end]; of what holds it when it is not there itself, as a member that is missing. */
export function locate(text, pointer) {
  const places = new Map();
  walk([...text.matchAll(TOKEN)], "", places);
  for (let at = pointer; ; at = at.slice(0, at.lastIndexOf("/"))) {
    if (places.has(at) || !at) return places.get(at);
  }
}

function walk(tokens, at, places) {
  const opening = tokens.shift();
  if (!opening) return;
  let last = opening;
  const isList = opening[0] === "[";
  if (isList || opening[0] === "{") {
    for (let i = 0; tokens.length && !"]}".includes(tokens[0][0]); i += 1) {
      const step = isList ? i : nameAt(tokens);
      walk(tokens, `${at}/${step}`, places);
      if (tokens[0]?.[0] === ",") tokens.shift();
    }
    last = tokens.shift() ?? last;
  }
  places.set(at, [opening.index, last.index + last[0].length]);
}

function nameAt(tokens) {
  const [name] = tokens.splice(0, 2); // and its colon
  return name[0].slice(1, -1).replaceAll("~", "~0").replaceAll("/", "~1");
}
