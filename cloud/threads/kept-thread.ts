import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Logger } from "../../agent/log/logger.js";
import type { ThreadMessage, ThreadReply, ThreadReport } from "./messages.js";

export interface KeptThreadOptions<Q> {
  /** The file that it runs. */
  readonly url: URL;
  /** Whose thread it is, as failures call it: "the thread of the tree". */
  readonly name: string;
  /** What it keeps, as the log calls it: "the tree is". */
  readonly keeps: string;
  /** What it is started with, each time. */
  readonly setup: () => unknown;
  /** Is answered once it stands again. */
  readonly greeting: Q;
  /** Questions on their way. */
  readonly mostWaiting: number;
  readonly log: Logger;
  /** What a question that was not answered ends in. */
  readonly failed: (message: string, options?: ErrorOptions) => Error;
}

type State =
  | { readonly at: "up"; readonly worker: Worker }
  /** It ended by itself and is started again soon. */
  | { readonly at: "down"; readonly again: NodeJS.Timeout }
  | { readonly at: "closed" };

/** This thread's hand on another, which is started again whenever it ends. */
export class KeptThread<Q, A> implements AsyncDisposable {
  readonly #options: KeptThreadOptions<Q>;
  readonly #waiting = new Map<number, Waiter<A>>();
  #state: State;
  #asked = 0;
  #trouble: string | undefined;

  constructor(options: KeptThreadOptions<Q>) {
    this.#options = options;
    this.#state = this.#start();
  }

  /** Why it does not keep up with what it follows; undefined when it does. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /**
   * Rejects with what `failed` makes of it.
   * @param gone aborted once nobody waits for the answer any more
   */
  ask(question: Q, gone?: AbortSignal): Promise<A> {
    return new Promise((resolve, reject) => {
      const { name, mostWaiting, failed } = this.#options;
      if (this.#state.at !== "up") {
        reject(failed(`${name} is down`));
        return;
      }
      if (this.#waiting.size >= mostWaiting) {
        reject(failed(`too much is asked of ${name} at once`));
        return;
      }
      if (gone?.aborted === true) {
        reject(failed(NOBODY_WAITS));
        return;
      }
      const id = ++this.#asked;
      const leave = () => this.#leave(id);
      gone?.addEventListener("abort", leave);
      const settled = () => gone?.removeEventListener("abort", leave);
      this.#waiting.set(id, { resolve, reject, settled });
      this.#say(this.#state.worker, { id, question });
    });
  }

  /** Nobody waits for an answer any more. */
  #leave(id: number): void {
    const waiter = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (this.#state.at === "up") this.#say(this.#state.worker, { stop: id });
    waiter?.reject(this.#options.failed(NOBODY_WAITS));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const state = this.#state;
    this.#state = { at: "closed" };
    if (state.at === "down") clearTimeout(state.again);
    if (state.at !== "up") return;
    const gone = once(state.worker, "exit");
    this.#say(state.worker, "close");
    await gone;
  }

  #say(worker: Worker, message: ThreadMessage<Q>): void {
    worker.postMessage(message);
  }

  #start(): State {
    const { url, setup } = this.#options;
    const worker = new Worker(url, { workerData: setup() });
    let cause: unknown;
    worker.on("message", (said: ThreadReply<A> | ThreadReport) => {
      if ("trouble" in said) this.#report(said.trouble);
      else this.#settle(said);
    });
    worker.on("error", (error) => (cause = error));
    worker.on("exit", () => this.#ended(cause));
    return { at: "up", worker };
  }

  #ended(cause: unknown): void {
    const { name, failed } = this.#options;
    const why = cause instanceof Error ? `: ${cause.message}` : "";
    const failure = `${name} ended${why}`;
    const error = failed(failure, { cause });
    for (const { reject, settled } of this.#waiting.values()) {
      settled();
      reject(error);
    }
    this.#waiting.clear();
    if (this.#state.at === "closed") return;
    this.#report(failure);
    const again = setTimeout(() => this.#startAgain(), START_AGAIN_MS);
    this.#state = { at: "down", again };
  }

  #startAgain(): void {
    this.#state = this.#start();
    this.ask(this.#options.greeting).then(
      () => this.#report(undefined),
      () => undefined, // it ended again, and that was reported
    );
  }

  #report(trouble: string | undefined): void {
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    const { keeps, log } = this.#options;
    if (trouble === undefined) log.info(`${keeps} kept again`, {});
    else log.error(`${keeps} not kept`, { trouble });
  }

  #settle(reply: ThreadReply<A>): void {
    const waiter = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    waiter?.settled();
    if ("failure" in reply) {
      waiter?.reject(this.#options.failed(reply.failure));
    } else {
      waiter?.resolve(reply.answer);
    }
  }
}

/** One that ends at once each time must not cost a core. */
const START_AGAIN_MS = 1_000;

const NOBODY_WAITS = "nobody waits for the answer any more";

interface Waiter<A> {
  readonly resolve: (answer: A) => void;
  readonly reject: (why: Error) => void;
  /** It has to hear no more of who leaves. */
  readonly settled: () => void;
}
