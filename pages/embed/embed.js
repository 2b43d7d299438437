/* One script tag puts the book's answers on any page: the button, and what opens the panel.

   One classic file, so that a page on which nobody asks costs one small request. The panel is made
   of modules: a browser loads those from another origin only where CORS_ORIGINS lists the page's. */

"use strict";

{
  const TAG = "footnote-ask";
  const LIMIT = 10_000; // characters of a selection
  const CALM = 200; // ms that a selection stands still before anything is offered
  const SHOWN = 8_000; // ms that a sentence stands
  const STYLE = `
    :host { all: initial !important; display: contents !important; color-scheme: light !important;
      --brand: #8c1d2f; --on-brand: oklch(from var(--brand) clamp(0, (0.58 - l) * 999, 1) 0 0); }
    :host([data-theme="dark"]) { color-scheme: dark !important; }
    [hidden] { display: none !important; }
    #opener, #asker, #away { position: fixed; z-index: 2147483000; box-sizing: border-box; margin: 0;
      border: 1px solid rgb(255 255 255 / 35%); border-radius: 99px; background: var(--brand);
      box-shadow: 0 2px 12px rgb(0 0 0 / 25%); color: var(--on-brand);
      font: 600 15px/1.4 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
    #opener { right: 20px; bottom: 20px; min-height: 44px; padding: 8px 20px; cursor: pointer; }
    #asker { min-height: 36px; padding: 4px 14px; font-size: 14px; cursor: pointer; }
    #away { right: 20px; bottom: 76px; max-width: min(320px, 100vw - 40px); padding: 10px 18px; border-radius: 8px; }
    :host([data-side="left"]) :is(#opener, #away) { right: auto; left: 20px; }
    #opener:hover, #asker:hover { text-decoration: underline; }
    #opener:focus-visible, #asker:focus-visible { outline: 3px solid var(--brand); outline-offset: 3px; }
    @media print { #opener, #asker, #away { display: none; } }`;

  const script = document.currentScript ?? document.querySelector('script[src$="/embed.js"]');
  const tags = [...document.scripts].filter(({ src }) => src === script.src); // any may have options
  const options = Object.assign({ title: "Ask the book", label: "Ask the book" },
    ...tags.map(({ dataset }) => dataset));
  const host = document.createElement(TAG);
  const root = host.attachShadow({ mode: "open" });
  const opener = button("opener", options.label);
  const asker = button("asker", "Ask about this");
  const away = Object.assign(document.createElement("p"), { id: "away", hidden: true });
  let loading = null;

  function button(id, textContent) {
    const node = document.createElement("button");
    node.addEventListener("mousedown", (event) => event.preventDefault()); // the selection stays
    node.addEventListener("click", () => open({ selection: selected() }));
    return Object.assign(node, { id, type: "button", textContent });
  }

  function panel() {
    loading ??= import(new URL("pages/embed/panel.js", script.src))
      .then(({ build }) => build(root, options));
    loading.catch(() => { loading = null; }); // the next attempt may do better
    return loading;
  }

  async function open(wish) {
    asker.hidden = true;
    try {
      (await panel()).open(wish);
    } catch (error) {
      tell(error);
    }
  }

  function tell(error) {
    const { origin } = new URL(script.src);
    const advice = `Is ${origin} running, and ${location.origin} in its CORS_ORIGINS?`;
    console.error(`Footnote: the panel could not be loaded. ${advice}`, error);
    away.hidden = false;
    away.textContent = "The book’s answers cannot be reached now.";
    setTimeout(() => { away.hidden = true; }, SHOWN);
  }

  function selected() {
    const found = getSelection();
    if (!found?.rangeCount || found.isCollapsed) return "";
    const { commonAncestorContainer: node } = found.getRangeAt(0);
    const element = node instanceof Element ? node : node.parentElement;
    if (element?.closest(`${TAG}, [contenteditable]`)) return "";
    return [...found.toString().replaceAll("\0", "").trim()].slice(0, LIMIT).join("");
  }

  /* Below the end of the selection: above it, a phone shows its own buttons. */
  function offer() {
    const at = selected() && [...getSelection().getRangeAt(0).getClientRects()].at(-1);
    asker.hidden = !at || at.bottom < 0 || at.top > innerHeight;
    if (asker.hidden) return;
    const { width, height } = asker.getBoundingClientRect();
    const limit = (most, want) => `${Math.max(8, Math.min(most - 8, want))}px`;
    asker.style.left = limit(document.documentElement.clientWidth - width, at.right - width / 2);
    asker.style.top = limit(innerHeight - height, at.bottom + 8);
  }

  function watchSelection() {
    let timer = 0;
    let isPressed = false; // while the pointer still selects, a button would be in its way
    const later = () => {
      clearTimeout(timer);
      timer = setTimeout(() => { if (!isPressed) offer(); }, CALM);
    };
    const press = (value) => () => { isPressed = value; later(); };
    document.addEventListener("selectionchange", later);
    document.addEventListener("mousedown", press(true));
    document.addEventListener("mouseup", press(false));
    addEventListener("scroll", () => { if (!asker.hidden) offer(); }, { passive: true });
  }

  /* <a data-footnote-ask="What is …?">: a link or a button of the page's own. */
  function watchPage() {
    document.addEventListener("click", (event) => {
      const wish = event.target.closest?.("[data-footnote-ask]");
      if (!wish) return;
      event.preventDefault();
      open({ question: wish.dataset.footnoteAsk.trim(), selection: selected() });
    });
  }

  /* To the root element, and not the body: sites that change pages by script replace that. */
  function start() {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
    away.setAttribute("role", "alert");
    asker.hidden = true;
    host.lang = "en";
    host.dataset.side = options.side ?? "right";
    if (options.accent) host.style.setProperty("--brand", options.accent);
    root.append(opener, asker, away);
    for (const type of ["keydown", "keypress", "keyup"]) { // a site may have keys of its own
      host.addEventListener(type, (event) => event.stopPropagation());
    }
    opener.addEventListener("pointerenter", () => panel().catch(() => {}), { once: true });
    watchSelection();
    watchPage();
    document.documentElement.append(host);
  }

  if (!document.querySelector(TAG)) start(); // the tag may stand there twice, or run again
}
