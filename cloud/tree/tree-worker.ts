import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Logger } from "../../agent/log/logger.js";
import type {
  TreeAnswers,
  TreeQuestion,
  TreeReply,
  TreeReport,
  TreeRequest,
  TreeSetup,
} from "./messages.js";

/** The thread of the tree could not do what it was asked. */
export class TreeFailed extends Error {
  override readonly name = "TreeFailed";
}

type Thread =
  | { readonly at: "up"; readonly worker: Worker }
  /** It ended by itself and is started again soon. */
  | { readonly at: "down"; readonly again: NodeJS.Timeout }
  | { readonly at: "closed" };

/** This thread's hand on the thread of the tree. */
export class TreeWorker implements AsyncDisposable {
  readonly #setup: TreeSetup;
  readonly #log: Logger;
  readonly #waiting = new Map<number, Waiter>();
  #thread: Thread;
  #asked = 0;
  #trouble: string | undefined;

  constructor(setup: TreeSetup, log: Logger) {
    this.#setup = setup;
    this.#log = log;
    this.#thread = this.#start();
  }

  /** Why the tree is not kept as it should be; undefined when it is. */
  trouble(): string | undefined {
    return this.#trouble;
  }

  /** @throws TreeFailed, also when too much was asked at once */
  ask<Q extends TreeQuestion>(question: Q): Promise<TreeAnswers[Q["ask"]]> {
    return new Promise((resolve, reject) => {
      const thread = this.#thread;
      if (thread.at !== "up") {
        reject(new TreeFailed("the thread of the tree is down"));
        return;
      }
      if (this.#waiting.size >= MOST_WAITING) {
        reject(new TreeFailed("too much is asked of the tree at once"));
        return;
      }
      const id = ++this.#asked;
      const settle = (answer: unknown) => resolve(answer as never);
      this.#waiting.set(id, { resolve: settle, reject });
      thread.worker.postMessage({ id, question } satisfies TreeRequest);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const thread = this.#thread;
    this.#thread = { at: "closed" };
    if (thread.at === "down") clearTimeout(thread.again);
    if (thread.at !== "up") return;
    const gone = once(thread.worker, "exit");
    thread.worker.postMessage("close");
    await gone;
  }

  #start(): Thread {
    const url = new URL("./tree-main.js", import.meta.url);
    const worker = new Worker(url, { workerData: this.#setup });
    let cause: unknown;
    worker.on("message", (said: TreeReply | TreeReport) => {
      if ("trouble" in said) this.#report(said.trouble);
      else this.#settle(said);
    });
    worker.on("error", (error) => (cause = error));
    worker.on("exit", () => this.#ended(cause));
    return { at: "up", worker };
  }

  #ended(cause: unknown): void {
    const why = cause instanceof Error ? `: ${cause.message}` : "";
    const failure = `the thread of the tree ended${why}`;
    const error = new TreeFailed(failure, { cause });
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
    if (this.#thread.at === "closed") return;
    this.#report(failure);
    const again = setTimeout(() => {
      this.#thread = this.#start();
      this.ask({ ask: "state" }).then(
        () => this.#report(undefined),
        () => undefined, // it ended again, and that was reported
      );
    }, START_AGAIN_MS);
    this.#thread = { at: "down", again };
  }

  #report(trouble: string | undefined): void {
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    if (trouble === undefined) this.#log.info("the tree is kept again", {});
    else this.#log.error("the tree is not kept", { trouble });
  }

  #settle(reply: TreeReply): void {
    const waiter = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if ("failure" in reply) waiter?.reject(new TreeFailed(reply.failure));
    else waiter?.resolve(reply.answer);
  }
}

/** Questions on their way: each takes a millisecond or less. */
const MOST_WAITING = 256;

/** One that ends at once each time must not cost a core. */
const START_AGAIN_MS = 1_000;

interface Waiter {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (why: Error) => void;
}
