/* Server-sent events as they arrive, whatever they carry: JSON where it is JSON, else text. */

export async function* eventsOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const parts = (rest + value).split(/\r?\n\r?\n/);
      rest = parts.pop();
      yield* parts.map(eventOf).filter(({ data }) => data !== undefined);
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

function eventOf(text) {
  const fields = text.split(/\r?\n/).map((line) => /^([^:]+): ?(.*)$/.exec(line) ?? []);
  const valuesOf = (name) => fields.filter(([, one]) => one === name).map(([, , value]) => value);
  const lines = valuesOf("data");
  return { id: valuesOf("id").at(-1), data: lines.length ? parsed(lines.join("\n")) : undefined };
}

export function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
