/* Markdown's blocks as plain records: { kind, … }, with their lines still to be read. No DOM. */

const FENCE = /^( {0,3})(`{3,}|~{3,})\s*([^`\s]*)/;
const HEADING = /^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$/;
const RULE = /^ {0,3}([-*_])( *\1){2,} *$/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^( {0,3})([-*+]|\d{1,9}[.)])( +|$)/;
const DELIMITER = /^ *\|?( *:?-+:? *\|)+( *:?-+:? *)?$|^ *\| *:?-+:? *\|? *$/;
const DEPTH = 8; // of blocks in blocks; what is deeper is text

export function blocks(text, depth = 0) {
  const lines = text.replaceAll("\r", "").split("\n");
  const found = [];
  for (let at = 0; at < lines.length;) {
    const [block, next] = blockAt(lines, at, depth);
    if (block) found.push(block);
    at = next;
  }
  return found;
}

function blockAt(lines, at, depth) {
  const line = lines[at];
  if (!line.trim()) return [null, at + 1];
  if (FENCE.test(line)) return fence(lines, at);
  if (HEADING.test(line)) return [heading(line), at + 1];
  if (RULE.test(line)) return [{ kind: "rule" }, at + 1];
  if (isTable(lines, at)) return table(lines, at);
  if (depth < DEPTH && QUOTE.test(line)) return quote(lines, at, depth);
  if (depth < DEPTH && ITEM.test(line)) return list(lines, at, depth);
  return paragraph(lines, at, depth);
}

function fence(lines, at) {
  const [, indent, marks, language] = FENCE.exec(lines[at]);
  const closes = (line) => line.trim().startsWith(marks) && !line.trim().replaceAll(marks[0], "");
  const rest = lines.slice(at + 1);
  const length = rest.findIndex(closes);
  const inside = length < 0 ? rest : rest.slice(0, length); // not closed (yet): to the end
  const text = inside.map((line) => line.replace(new RegExp(`^ {0,${indent.length}}`), ""));
  const next = at + inside.length + (length < 0 ? 1 : 2);
  return [{ kind: "code", language, text: text.join("\n") }, next];
}

function heading(line) {
  const [, marks, text] = HEADING.exec(line);
  return { kind: "heading", level: marks.length, text };
}

function isTable(lines, at) {
  const next = lines[at + 1] ?? "";
  return lines[at].includes("|") && next.includes("|") && DELIMITER.test(next);
}

function table(lines, at) {
  const length = lines.slice(at).findIndex((line) => !line.includes("|"));
  const [head, marks, ...rows] = lines.slice(at, length < 0 ? undefined : at + length).map(cells);
  const aligns = marks.map((mark) => [/^:/, /:$/].map((end) => end.test(mark)));
  return [{ kind: "table", head, rows, aligns }, at + rows.length + 2];
}

/* A bar in a cell is escaped; one between backticks is not told apart. */
function cells(line) {
  const parts = line.trim().replace(/^\|/, "").replace(/(?<!\\)\|$/, "").split(/(?<!\\)\|/);
  return parts.map((part) => part.trim().replaceAll("\\|", "|"));
}

function quote(lines, at, depth) {
  const length = lines.slice(at).findIndex((line) => !QUOTE.test(line));
  const inside = lines.slice(at, length < 0 ? undefined : at + length);
  const text = inside.map((line) => line.replace(QUOTE, "")).join("\n");
  return [{ kind: "quote", blocks: blocks(text, depth + 1) }, at + inside.length];
}

function list(lines, at, depth) {
  const { isOrdered, start } = markerOf(lines[at]);
  const items = [];
  while (at < lines.length && markerOf(lines[at])?.isOrdered === isOrdered) {
    const end = endOfItem(lines, at);
    items.push(itemOf(lines.slice(at, end), depth));
    at = end;
  }
  return [{ kind: "list", isOrdered, start, items }, at];
}

function markerOf(line) {
  const found = !RULE.test(line) && ITEM.exec(line);
  if (!found) return null;
  const start = Number.parseInt(found[2], 10);
  return { isOrdered: !Number.isNaN(start), start, width: Math.min(found[0].length, 6) };
}

/* An item goes on in lines that are indented, and in those that follow its own at once. */
function endOfItem(lines, at) {
  let end = at + 1;
  for (; end < lines.length; end += 1) {
    const line = lines[end];
    if (!line.trim()) continue;
    if (/^ {2,}|^\t/.test(line) && !(ITEM.test(line) && indentOf(line) < 2)) continue;
    if (!lines[end - 1].trim() || begins(lines, end)) break;
  }
  return end;
}

const indentOf = (line) => line.length - line.trimStart().length;

function itemOf([first, ...rest], depth) {
  const { width } = markerOf(first);
  const dedent = (line) => line.slice(Math.min(width, indentOf(line)));
  return blocks([first.replace(ITEM, ""), ...rest.map(dedent)].join("\n"), depth + 1);
}

function paragraph(lines, at, depth) {
  let end = at + 1;
  while (end < lines.length && lines[end].trim() && !(depth < DEPTH && begins(lines, end))) end += 1;
  const text = lines.slice(at, end).map((line) => line.trimStart()).join("\n");
  return [{ kind: "paragraph", text }, end];
}

const begins = (lines, at) =>
  [FENCE, HEADING, RULE, QUOTE, ITEM].some((kind) => kind.test(lines[at])) || isTable(lines, at);
