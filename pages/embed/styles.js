/* Style sheets for a shadow root: fetched, so that a site's strict policy lets them be. */

const PAGES = new URL("../", import.meta.url);
const PATIENCE = 20_000; // ms
const REM = 16; // px; the site's own may be anything, mdBook's is 10

export const styles = (names) => Promise.all(names.map(sheet));

async function sheet(name) {
  const reply = await fetch(new URL(name, PAGES), { signal: AbortSignal.timeout(PATIENCE) });
  if (!reply.ok) throw new Error(`${name}: ${reply.status}`);
  const text = await reply.text();
  const made = new CSSStyleSheet();
  made.replaceSync(text.replace(/(\d*\.?\d+)rem\b/g, (_, size) => `${size * REM}px`));
  return made;
}
