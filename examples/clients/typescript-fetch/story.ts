// A reader's story with openapi-fetch, on the types of openapi-typescript.
import { randomUUID } from 'node:crypto';
import createClient from 'openapi-fetch';
import type { components, paths } from './build/footnote.js';
import { events } from './events.js';

const baseUrl = process.env.FOOTNOTE_URL ?? 'http://127.0.0.1:8000';
const footnote = createClient<paths>({ baseUrl });
const email = `${randomUUID()}@example.com`;
const password = 'analytical engine 1843';
const question: components['schemas']['ChatRequest'] = {
  message: { content: process.env.QUESTION ?? 'How do I start Footnote?' },
};

/** What a reply brought, or its problem as an exception. */
function expect<Data>({ data, error }: { data?: Data; error?: { message: string } }): Data {
  if (data === undefined) throw new Error(error?.message);
  return data;
}

const account = expect(await footnote.POST('/api/v1/auth/register', { body: { email, password } }));
const session = expect(
  await footnote.POST('/api/v1/auth/login', { body: { email, password, transport: 'bearer' } }),
);
footnote.use({
  onRequest: ({ request }) => {
    request.headers.set('Authorization', `Bearer ${session.access_token}`);
  },
});
console.log(`signed in: ${session.user_id === account.id}`);

const reply = expect(await footnote.POST('/api/v1/chat', { body: question }));
console.log(`answer: ${reply.response.status}, from ${reply.citations[0]?.title}`);

let answer = '';
const { data: body, error } = await footnote.POST('/api/v1/chat/stream', {
  body: question,
  parseAs: 'stream',
});
if (!body) throw new Error(error?.message);
for await (const event of events(body)) {
  switch (event.status) {
    case 'partial':
      answer += event.content;
      break;
    case 'success':
      console.log(`stream: from ${event.citations.map((citation) => citation.title).join(', ')}`);
      break;
    case 'error':
      throw new Error(event.content);
  }
}
console.log(`the same words: ${answer === reply.response.content}`);

const page = expect(
  await footnote.GET('/api/v1/conversations', { params: { query: { limit: 10 } } }),
);
const params = { path: { conversation_id: page.items[0]!.conversation_id } };
const conversation = expect(
  await footnote.GET('/api/v1/conversations/{conversation_id}', { params }),
);
const exchange = conversation.exchanges[0]!;
console.log(`conversations: ${page.items.length}, and ${page.next ? 'more' : 'no more'}`);
console.log(`kept: ${exchange.status}, rated ${exchange.rating ?? 'not yet'}`);

const renamed = expect(
  await footnote.PATCH('/api/v1/conversations/{conversation_id}', {
    params,
    body: { title: 'Kept' },
  }),
);
console.log(`renamed: ${renamed.title}`);

const judged = await footnote.PUT('/api/v1/messages/{message_id}/feedback', {
  params: { path: { message_id: exchange.message_id } },
  body: { rating: 'positive', comment: 'Just what I needed.' },
});
console.log(`feedback: ${judged.response.status}`);

const { error: problem } = await footnote.POST('/api/v1/chat', {
  body: { message: { content: '' } },
});
const violation = problem?.errors?.[0];
console.log(`refused: ${problem?.status} ${problem?.error}, ${violation?.in} ${violation?.pointer}`);

const empty = await footnote.POST('/api/v1/chat/stream', {
  body: { message: { content: '' } },
  parseAs: 'stream',
});
console.log(`stream refused: ${empty.error?.status} ${empty.error?.error}`);

const deleted = await footnote.DELETE('/api/v1/conversations/{conversation_id}', { params });
const gone = await footnote.GET('/api/v1/conversations/{conversation_id}', { params });
console.log(`deleted: ${deleted.response.status}, then ${gone.error?.status} ${gone.error?.error}`);
