// Compiled, never run: it compiles only while every type is exact.
import type { components, operations } from './build/footnote.js';

type Schemas = components['schemas'];
type Bodies<Responses> = {
  [Status in keyof Responses]: Responses[Status] extends { content: infer Content }
    ? Content[keyof Content]
    : never;
};
type IsLoose<Type> = unknown extends Type ? true : false; // any, unknown
type LooseOperations = {
  [Name in keyof operations]: Bodies<operations[Name]['responses']> extends infer Typed
    ? { [Status in keyof Typed]: IsLoose<Typed[Status]> }[keyof Typed] extends false
      ? never
      : Name
    : never;
}[keyof operations];

export const everyReplyIsTyped: [LooseOperations] extends [never] ? true : LooseOperations = true;

export function citations(event: Schemas['ChatEvent']): Schemas['Citation'][] {
  // @ts-expect-error: only a whole answer has citations
  event.citations;
  return event.status === 'success' ? event.citations : [];
}

export const metadata: Schemas['ChatMetadata'] = { context: 'chapter', chapter: 'Fog', theme: 'dark' };
// @ts-expect-error: there is no such context
export const elsewhere: Schemas['ChatMetadata'] = { context: 'everywhere' };
