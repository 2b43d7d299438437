/* Light or dark, as the page around is, also when it changes its mind. */

const OPAQUE = 128;
const WATCHED = { attributeFilter: ["class", "style", "data-theme", "data-color-mode"] };

export function dress(host, theme = "auto") {
  const put = () => { host.dataset.theme = theme === "auto" ? ground() : theme; };
  put();
  if (theme !== "auto") return;
  const observer = new MutationObserver(put);
  [document.documentElement, document.body].forEach((node) => observer.observe(node, WATCHED));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", put);
}

function ground() {
  for (const node of [document.body, document.documentElement]) {
    const [red, green, blue, alpha] = channels(getComputedStyle(node).backgroundColor);
    if (alpha >= OPAQUE) return 0.2126 * red + 0.7152 * green + 0.0722 * blue < 128 ? "dark" : "light";
  }
  const [red] = channels("Canvas"); // what a browser paints where a site says nothing
  return red < 128 ? "dark" : "light";
}

/* Of any colour that CSS can write: red, green, blue, alpha; 0 to 255. */
function channels(color) {
  const dot = Object.assign(document.createElement("canvas"), { width: 1, height: 1 });
  const ink = dot.getContext("2d");
  ink.fillStyle = color;
  ink.fillRect(0, 0, 1, 1);
  return ink.getImageData(0, 0, 1, 1).data;
}
