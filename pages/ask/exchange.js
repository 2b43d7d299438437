/* One question with its answer, from the asking to the judgement. */

import { el } from "../dom.js";
import { actions } from "./actions.js";
import { Answer } from "./answer.js";
import { Trouble } from "./api.js";
import { STOPPED, Stream } from "./stream.js";

const SEARCHING = "Looking in the book …";

export class Exchange {
  #answer = new Answer();
  #state = el("div.state", {}, el("p.searching", {}, SEARCHING));
  #stream = null;
  #remark = null;
  conversationId = null;

  /* `about`: the selection that the question is about, and the page it is asked on. */
  constructor(question, about = {}) {
    Object.assign(this, { question, about });
    const heading = el("h2.question", { dir: "auto" }, question);
    const quoted = about.selection && el("blockquote.about", { dir: "auto" }, about.selection);
    this.view = el("article.exchange", {}, quoted, heading, this.#answer.view, this.#state);
  }

  /* One that the history has kept. */
  static kept({ query, response, status, message_id: messageId, rating, ...rest }, again) {
    const one = new Exchange(query, { selection: rest.selected_text });
    one.#answer.add(response);
    one.#answer.finish({ ...rest, refused: status === "refused" });
    const remark = { stopped: STOPPED, failed: "This answer broke off." };
    one.#end(remark[status], { messageId, rating, again });
    return one;
  }

  /* Until the answer is whole, or there will be none. `again` asks the question once more. */
  async ask(conversationId, again) {
    const stream = this.#stream = new Stream();
    this.view.setAttribute("aria-busy", "true");
    try {
      for await (const event of this.#events(conversationId)) this.#take(event);
      this.#end(null, { messageId: stream.messageId, again });
    } catch (error) {
      if (!(error instanceof Trouble)) throw error;
      this.#answer.finish();
      this.#end(error.message, { again });
    } finally {
      this.conversationId = stream.conversationId;
      this.#stream = null;
      this.view.removeAttribute("aria-busy");
    }
  }

  #events(conversationId) {
    return this.#stream.ask(this.question, conversationId, this.about);
  }

  get isBroken() {
    return this.#remark !== null;
  }

  stop() {
    return this.#stream?.stop();
  }

  get spoken() {
    return [this.#remark, this.#answer.spoken].filter(Boolean).join(" ");
  }

  #take(event) {
    if (event.status === "error") {
      const isStop = event.error === "answer_stopped";
      throw new Trouble(isStop ? STOPPED : event.content);
    }
    if (event.status === "success") return this.#answer.finish(event);
    if (event.content) this.#state.replaceChildren();
    return this.#answer.add(event.content);
  }

  #end(remark, { messageId, rating, again }) {
    this.#remark = remark;
    const buttons = actions({ answer: this.#answer, messageId, rating, again });
    const kind = remark === STOPPED ? "p.trouble.calm" : "p.trouble"; // no fault of anybody's
    this.#state.replaceChildren(...[remark && el(kind, {}, remark), buttons].filter(Boolean));
  }
}
