/* The form beside a curl command, its Send and its Stop, and the place for the reply. */

import { code, el } from "../../dom.js";
import { attempt } from "./attempt.js";
import { identityLine } from "./credentials.js";
import { button, confirmed } from "./dialog.js";
import { Form } from "./form.js";
import { reader } from "./identity.js";
import { onSeen } from "./seen.js";

export class Panel {
  #running = null;
  #sender = el("button.main", { type: "submit", "aria-keyshortcuts": "Control+Enter" }, "Send");
  #stopper = button("Stop", () => this.#running?.abort(), { hidden: "" });
  #status = el("span.took", { role: "status" });

  constructor(draft) {
    const { title } = draft.operation;
    draft.recall();
    onSeen(() => draft.recall());
    this.draft = draft;
    this.form = new Form(draft);
    this.reply = el("div.reply", { role: "region", "aria-label": `Reply to ${title}` });
    this.view = el("form.attempt", { novalidate: "", "aria-label": `Try ${title}` },
      this.form.views,
      identityLine(draft.operation),
      el("div.buttons", {}, this.#sender, this.#stopper, this.#status),
      this.reply);
    this.view.addEventListener("submit", (event) => this.#submit(event));
    this.view.addEventListener("keydown", (event) => {
      const isMeant = event.key === "Enter" && (event.ctrlKey || event.metaKey);
      if (isMeant) this.#submit(event);
    });
  }

  /* Once at a time. A disabled button would lose the focus, so it only says so. */
  async #submit(event) {
    event.preventDefault();
    if (this.#running || !await isMeant(this.draft.operation)) return;
    this.#running = new AbortController();
    const { reply, form, draft } = this;
    this.#show(true);
    await attempt(draft, form, { reply, status: this.#status, signal: this.#running.signal });
    if (document.activeElement === this.#stopper) this.#sender.focus();
    this.#running = null;
    this.#show(false);
  }

  #show(isRunning) {
    this.#sender.setAttribute("aria-disabled", String(isRunning));
    this.#stopper.hidden = !isRunning;
    this.reply.setAttribute("aria-busy", String(isRunning));
  }
}

/* What cannot be taken back is asked for twice. */
function isMeant({ method, title, path }) {
  if (method !== "DELETE") return true;
  const words = [el("p", {}, `${title}, as ${reader.name}. It is for good.`), code(`${method} ${path}`)];
  return confirmed("Really?", words, "Send it");
}
