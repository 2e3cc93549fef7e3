import type { Logger } from "../../agent/log/logger.js";
import { KeptThread } from "../threads/kept-thread.js";
import type { TreeAnswers, TreeQuestion, TreeSetup } from "./messages.js";

/** The thread of the tree could not do what it was asked. */
export class TreeFailed extends Error {
  override readonly name = "TreeFailed";
}

/** This thread's hand on the thread of the tree. */
export class TreeWorker implements AsyncDisposable {
  readonly #thread: KeptThread<TreeQuestion, TreeAnswers[keyof TreeAnswers]>;

  constructor(setup: TreeSetup, log: Logger) {
    this.#thread = new KeptThread({
      url: new URL("./tree-main.js", import.meta.url),
      name: "the thread of the tree",
      keeps: "the tree is",
      setup: () => setup,
      greeting: { ask: "state" },
      mostWaiting: MOST_WAITING,
      log,
      failed: (...why) => new TreeFailed(...why),
    });
  }

  /** Why the tree is not kept as it should be; undefined when it is. */
  trouble(): string | undefined {
    return this.#thread.trouble;
  }

  /** @throws TreeFailed, also when too much was asked at once */
  ask<Q extends TreeQuestion>(question: Q): Promise<TreeAnswers[Q["ask"]]> {
    return this.#thread.ask(question) as Promise<TreeAnswers[Q["ask"]]>;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#thread[Symbol.asyncDispose]();
  }
}

/** Questions on their way: each takes a millisecond or less. */
const MOST_WAITING = 256;
