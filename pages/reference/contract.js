/* The document that the page shows, and the way along its references. */

export const STREAM = "text/event-stream";
export const PROBLEM = "application/problem+json";
export const REF = Symbol("the $ref that a resolved node came from");
export let contract = {};

export async function load() {
  const answer = await fetch("/openapi.json");
  if (!answer.ok) throw new Error(`the service answered ${answer.status}`);
  contract = await answer.json();
}

/* The node that a $ref leads to, its siblings laid over it; empty when it leads nowhere. */
export function deref(node, hops = 0) {
  if (!node?.$ref) return node ?? {};
  const { $ref, ...siblings } = node;
  const isOurs = $ref.startsWith("#") && hops < 20;
  return { ...(isOurs && deref(at($ref), hops + 1)), ...siblings, [REF]: $ref };
}

/* RFC 6901 */
function at(pointer) {
  const plain = (step) => decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~");
  return pointer.split("/").slice(1).reduce((node, step) => node?.[plain(step)], contract);
}
