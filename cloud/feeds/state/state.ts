import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Logger } from "../../../agent/log/logger.js";
import type { Cidr } from "../../../agent/model/cidr.js";
import type { FeedName } from "../../../agent/model/position.js";
import type {
  StateAnswer,
  StateQuestion,
  StateRequest,
  StateSetup,
} from "./messages.js";
import type { SnapshotEntry } from "./snapshot-shelf.js";

/** The thread that keeps the bans could not do what it was asked. */
export class StateFailed extends Error {
  override readonly name = "StateFailed";
}

/** This thread's hand on the thread that keeps the bans. */
export class State implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #log: Logger;
  readonly #waiting = new Map<number, Waiter>();
  readonly #building = new Map<FeedName, Promise<SnapshotEntry>>();
  #snapshots: readonly SnapshotEntry[] = [];
  #asked = 0;
  #ended: Error | undefined;

  private constructor(worker: Worker, log: Logger) {
    this.#worker = worker;
    this.#log = log;
    worker.on("message", (answer: StateAnswer) => this.#settle(answer));
    worker.on("error", (error) => {
      this.#log.error("the thread that keeps the bans ended", { error });
      this.#end(error);
    });
    worker.on("exit", () => this.#end(undefined));
  }

  static async open(setup: StateSetup, log: Logger): Promise<State> {
    const url = new URL("./state-thread.js", import.meta.url);
    const state = new State(new Worker(url, { workerData: setup }), log);
    await state.#ask({ ask: "snapshots" });
    return state;
  }

  /** What lies ready, newest first within a feed. */
  snapshots(): readonly SnapshotEntry[] {
    return this.#snapshots;
  }

  /** A snapshot of the feed as it stands now; all who ask meanwhile share it. */
  async build(feed: FeedName, now: number): Promise<SnapshotEntry> {
    const running = this.#building.get(feed);
    if (running !== undefined) return running;
    const building = this.#build(feed, now);
    this.#building.set(feed, building);
    try {
      return await building;
    } finally {
      this.#building.delete(feed);
    }
  }

  /** How many bans each feed holds. */
  async counts(): Promise<Readonly<Record<string, number>>> {
    const answer = await this.#ask({ ask: "counts" });
    return "counts" in answer ? answer.counts : {};
  }

  /** Until when bans of the feeds cover the whole range: Unix seconds, or 0. */
  async coveredUntil(feeds: readonly FeedName[], range: Cidr): Promise<number> {
    const answer = await this.#ask({ ask: "covered", feeds, range });
    return "coveredUntil" in answer ? answer.coveredUntil : 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended !== undefined) return;
    const gone = once(this.#worker, "exit");
    this.#worker.postMessage("close");
    await gone;
  }

  async #build(feed: FeedName, now: number): Promise<SnapshotEntry> {
    const answer = await this.#ask({ ask: "build", feed, now });
    if ("built" in answer) return answer.built;
    throw new StateFailed(`no snapshot of ${feed} was built`);
  }

  #ask(question: StateQuestion): Promise<StateAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) {
        reject(this.#ended);
        return;
      }
      const id = ++this.#asked;
      this.#waiting.set(id, { resolve, reject });
      const request: StateRequest = { id, question };
      this.#worker.postMessage(request);
    });
  }

  #settle(answer: StateAnswer): void {
    const waiter = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ("snapshots" in answer) this.#snapshots = answer.snapshots;
    if ("failure" in answer) waiter?.reject(new StateFailed(answer.failure));
    else waiter?.resolve(answer);
  }

  #end(cause: unknown): void {
    this.#ended ??= new StateFailed("the state's thread ended", { cause });
    for (const { reject } of this.#waiting.values()) reject(this.#ended);
    this.#waiting.clear();
  }
}

interface Waiter {
  readonly resolve: (answer: StateAnswer) => void;
  readonly reject: (why: Error) => void;
}
