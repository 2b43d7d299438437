// Compiled, never run: it compiles only while every type is exact.
import type {
  ChatEvent,
  ChatMetadata,
  Citation,
  GetReadinessError,
  NotReadyProblem,
  Problem,
  SendChatError,
  StreamChatError,
  StreamChatResponse,
} from './build/footnote/index.js';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

export const refusals: Same<SendChatError, Problem> = true;
export const refusalsOfStreams: Same<StreamChatError, Problem> = true;
export const notReady: Same<GetReadinessError, Problem | NotReadyProblem> = true;
export const events: Same<StreamChatResponse, ChatEvent> = true;

export function citations(event: ChatEvent): Citation[] {
  // @ts-expect-error: only a whole answer has citations
  event.citations;
  return event.status === 'success' ? event.citations : [];
}

export const metadata: ChatMetadata = { context: 'chapter', chapter: 'Fog', theme: 'dark' };
