/* What ChatKit is told: where the book is, who asks, and what a reader may do. */

import { ensure, forget } from "../ask/reader.js";
import { urlOf } from "../ask/service.js";

const PROMPTS = [
  ["What is this book about?", "book-open"],
  ["Where do I begin?", "compass"],
];

export const options = ({ domain_key: domainKey }, initialThread) => ({
  // This very service: the address in the configuration is for pages elsewhere.
  api: { url: urlOf("/chatkit").href, domainKey, fetch: asReader },
  initialThread,
  history: { enabled: true, showDelete: true, showRename: true },
  threadItemActions: { feedback: true, retry: true },
  startScreen: {
    greeting: "Ask in your own words, in any language.",
    prompts: PROMPTS.map(([label, icon]) => ({ label, prompt: label, icon })),
  },
  composer: { placeholder: "Your question", attachments: { enabled: false } },
  disclaimer: { text: "Answers come from the book. Each small number leads to its passage." },
});

/* With the session that the browser has, else with a guest's; one that has ended is replaced. */
async function asReader(url, request) {
  await ensure();
  const reply = await fetch(url, request);
  if (reply.status !== 401) return reply;
  forget();
  await ensure();
  return fetch(url, request);
}
