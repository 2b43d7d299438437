/* The one thing on our pages that comes from elsewhere: OpenAI allows no copy of it. */

import { el } from "../dom.js";

const SCRIPT = "https://cdn.platform.openai.com/deployments/chatkit/chatkit.js";
const PATIENCE = 15_000; // ms

/* Resolves when the browser knows the element of that name. */
export function load(name) {
  return new Promise((resolve, reject) => {
    const script = el("script", { src: SCRIPT, async: "" });
    script.addEventListener("error", () => reject(new Error(`${SCRIPT} could not be loaded`)));
    setTimeout(() => reject(new Error(`${SCRIPT} takes too long`)), PATIENCE);
    customElements.whenDefined(name).then(resolve);
    document.head.append(script);
  });
}
