/* An answer as it is written: asked, read on after a lost connection, stopped. */

import { open, send, Trouble } from "./api.js";
import { frames } from "./frames.js";
import { ensure, forget } from "./reader.js";

const PATH = "/api/v1/chat/stream";
const HEADERS = { Accept: "text/event-stream" };
const PAUSES = [200, 500, 1000, 2000, 3000]; // ms; the service waits ten seconds for a reader

export class Stream {
  #last = "0";
  #left = new AbortController();
  messageId = null;
  conversationId = null;

  /* Every event. Ends after the final one; throws a Trouble when there will be none. */
  async *ask(question, conversationId, about) {
    let reply = await this.#begin({ content: question, ...told(about) }, conversationId);
    for (const pause of [...PAUSES, null]) {
      try {
        for await (const { id, event } of frames(reply?.body)) {
          this.#note(id, event);
          yield event;
          if (event.status !== "partial") return;
        }
      } catch (error) {
        if (error instanceof SyntaxError) throw new Trouble(UNREADABLE);
      } // else the connection was cut
      if (this.#left.signal.aborted || pause === null || !this.messageId) break;
      reply = await this.#resume(pause);
    }
    throw new Trouble(this.#left.signal.aborted ? STOPPED : BROKEN);
  }

  /* What there is of the answer stays; where the service cannot be told, it is left. */
  async stop() {
    const leave = () => this.#left.abort();
    if (!this.messageId) return leave();
    return send("DELETE", `${PATH}/${this.messageId}`).catch(leave);
  }

  #note(id, event) {
    this.#last = id ?? this.#last;
    this.messageId = event.message_id ?? this.messageId;
    this.conversationId = event.conversation_id ?? this.conversationId;
  }

  async #begin(message, conversationId) {
    await ensure();
    try {
      return await this.#post(message, conversationId);
    } catch (trouble) {
      if (this.#left.signal.aborted) throw new Trouble(STOPPED);
      if (trouble.status === 401) forget(); // the session has ended, and its cookie is gone
      else if (trouble.code !== "conversation_not_found") throw trouble;
    }
    await ensure();
    return this.#post(message, null);
  }

  #post(message, conversationId) {
    const body = { message, conversation_id: conversationId };
    return open("POST", PATH, body, { headers: HEADERS, leave: this.#left.signal });
  }

  /* Nothing when that failed, too: the next attempt may do better. */
  async #resume(pause) {
    await new Promise((resolve) => { setTimeout(resolve, pause); });
    const headers = { ...HEADERS, "Last-Event-ID": this.#last };
    const options = { headers, leave: this.#left.signal };
    return open("GET", `${PATH}/${this.messageId}`, undefined, options).catch((trouble) => {
      if (trouble.status === 404) throw new Trouble(BROKEN);
    });
  }
}

/* What the page around knows: the words that the reader has selected, and its own address. */
function told({ selection, page } = {}) {
  if (!selection && !page) return {};
  const quoted = selection && { context: "selected-text", selected_text: selection };
  return { metadata: { context: "full-book", ...(page && { page }), ...quoted } };
}

export const STOPPED = "You stopped this answer.";
const UNREADABLE = "The answer could not be read.";
const BROKEN = "The connection broke off before the answer ended.";
