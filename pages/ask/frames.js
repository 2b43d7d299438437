/* Server-sent events as they arrive, cut anywhere: the id and the JSON of each whole frame. */

const SILENCE = 40_000; // ms; a living stream says something every 15 s

export async function* frames(body) {
  if (!body) return;
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await readSoon(reader);
      if (done) return; // what was not ended by a blank line is no frame
      const parts = (rest + value).split("\n\n");
      rest = parts.pop();
      yield* parts.map(frame).filter(({ event }) => event);
    }
  } finally {
    reader.cancel().catch(() => {}); // who leaves early lets the connection go
  }
}

async function readSoon(reader) {
  const timer = setTimeout(() => reader.cancel().catch(() => {}), SILENCE);
  return reader.read().finally(() => clearTimeout(timer));
}

function frame(text) {
  const lines = text.split("\n");
  const valueOf = (name) => lines.find((line) => line.startsWith(name))?.slice(name.length);
  const data = valueOf("data: ");
  return { id: valueOf("id: "), event: data && JSON.parse(data) };
}
