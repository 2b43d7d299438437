import type { components } from './build/footnote.js';

export type ChatEvent = components['schemas']['ChatEvent'];

/** The events of a stream; its frames may be cut anywhere between two reads. */
export async function* events(body: NonNullable<Response['body']>): AsyncGenerator<ChatEvent> {
  let rest = '';
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    const frames = (rest + text).split('\n\n');
    rest = frames.pop() ?? '';
    for (const frame of frames) {
      const data = frame.split('\n').find((line) => line.startsWith('data: '));
      if (data) yield JSON.parse(data.slice('data: '.length));
    }
  }
}
