/* What ChatKit is told: where the book is, who asks, and what a reader may do. */

import { ensure, forget } from "../ask/reader.js";
import { urlOf } from "../ask/service.js";

const PROMPTS = ["What is this book about?", "Where do I begin?"]; // of a book without chapters

export const options = ({ domain_key: domainKey }, book, initialThread) => ({
  // This very service: the address in the configuration is for pages elsewhere.
  api: { url: urlOf("/chatkit").href, domainKey, fetch: asReader },
  initialThread,
  history: { enabled: true, showDelete: true, showRename: true },
  threadItemActions: { feedback: true, retry: true },
  startScreen: {
    greeting: book?.name ?? "Ask in your own words, in any language.",
    prompts: (book?.titles.length ? book.titles : PROMPTS)
      .map((title) => ({ label: title, prompt: title, icon: "book-open" })),
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
