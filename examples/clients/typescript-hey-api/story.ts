// A reader's story with the client that hey-api generates: every step typed, problems too.
import { randomUUID } from 'node:crypto';
import {
  type ChatRequest,
  deleteConversation,
  getConversation,
  giveFeedback,
  listConversations,
  login,
  register,
  renameConversation,
  sendChat,
  streamChat,
} from './build/footnote/index.js';
import { client } from './build/footnote/client.gen.js';

client.setConfig({ baseUrl: process.env.FOOTNOTE_URL ?? 'http://127.0.0.1:8000' });
const email = `${randomUUID()}@example.com`;
const password = 'analytical engine 1843';
const question: ChatRequest = {
  message: { content: process.env.QUESTION ?? 'How do I start Footnote?' },
};

const account = await register({ body: { email, password }, throwOnError: true });
const session = await login({ body: { email, password, transport: 'bearer' }, throwOnError: true });
client.setConfig({ auth: () => session.data.access_token });
console.log(`signed in: ${session.data.user_id === account.data.id}`);

const { data: reply } = await sendChat({ body: question, throwOnError: true });
console.log(`answer: ${reply.response.status}, from ${reply.citations[0]?.title}`);

let answer = '';
const { stream } = await streamChat({
  body: question,
  onSseError: (error) => { throw error; }, // it would ask again, and again
});
for await (const event of stream) {
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

const { data: page } = await listConversations({ query: { limit: 10 }, throwOnError: true });
const path = { conversation_id: page.items[0]!.conversation_id };
const { data: conversation } = await getConversation({ path, throwOnError: true });
const exchange = conversation.exchanges[0]!;
console.log(`conversations: ${page.items.length}, and ${page.next ? 'more' : 'no more'}`);
console.log(`kept: ${exchange.status}, rated ${exchange.rating ?? 'not yet'}`);

const renamed = await renameConversation({ path, body: { title: 'Kept' }, throwOnError: true });
console.log(`renamed: ${renamed.data.title}`);

const judged = await giveFeedback({
  path: { message_id: exchange.message_id },
  body: { rating: 'positive', comment: 'Just what I needed.' },
  throwOnError: true,
});
console.log(`feedback: ${judged.response.status}`);

const { error: problem } = await sendChat({ body: { message: { content: '' } } });
const violation = problem?.errors?.[0];
console.log(`refused: ${problem?.status} ${problem?.error}, ${violation?.in} ${violation?.pointer}`);

const empty = await streamChat({
  body: { message: { content: '' } },
  onSseError: (error) => { throw error; },
});
await empty.stream.next().catch((error: Error) => console.log(`stream refused: ${error.message}`));

const deleted = await deleteConversation({ path, throwOnError: true });
const gone = await getConversation({ path });
console.log(`deleted: ${deleted.response.status}, then ${gone.error?.status} ${gone.error?.error}`);
