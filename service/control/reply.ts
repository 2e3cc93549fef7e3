import type { IncomingMessage, ServerResponse } from "node:http";
import { messageOf } from "../../agent/text/message.js";

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Why there is none. */
export const wrong = (status: number, error: string): Answer => ({
  status,
  body: { error },
});

/** One line of an answer that takes a while; the last one is the answer itself. */
export type ReplyLine = { readonly working: string } | Answer;

/** What an asker accepts who wants to hear that he is not forgotten. */
export const IN_LINES = "application/x-ndjson";

/**
 * The answer to one request: a JSON text with its status, or, where that takes a
 * while and the asker accepts it, one line after another that says how far the
 * work has come, so that a slow answer is never taken for none.
 */
export class Reply {
  readonly #response: ServerResponse;
  readonly #inLines: boolean;
  #note = "still working";

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#response = response;
    this.#inLines = request.headers.accept === IN_LINES;
    response.on("error", () => undefined); // who asked has left; work goes on
  }

  /** What is said while the answer is awaited. */
  readonly tell = (note: string): void => {
    this.#note = note;
  };

  async with(answer: Promise<Answer>): Promise<void> {
    const beat = setInterval(() => this.#beat(), BEAT_MS);
    try {
      this.#end(await answer);
    } catch (error) {
      const why = messageOf(error);
      this.#end({ status: 500, body: { error: why } });
    } finally {
      clearInterval(beat);
    }
  }

  #beat(): void {
    if (!this.#inLines || this.#response.destroyed) return;
    if (!this.#response.headersSent) {
      this.#response.writeHead(200, { "content-type": IN_LINES });
    }
    const line: ReplyLine = { working: this.#note };
    this.#response.write(`${JSON.stringify(line)}\n`);
  }

  #end({ status, body }: Answer): void {
    if (this.#response.headersSent) {
      const line: ReplyLine = { status, body };
      this.#response.end(`${JSON.stringify(line)}\n`);
      return;
    }
    const text = JSON.stringify(body);
    this.#response.writeHead(status, {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(text), // what is cut short is known
    });
    this.#response.end(text);
  }
}

/** Well within the patience of whoever asks. */
const BEAT_MS = 1_000;
