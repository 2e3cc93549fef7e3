import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Logger } from "../../../agent/log/logger.js";
import type { Cidr } from "../../../agent/model/cidr.js";
import type { FeedName } from "../../../agent/model/position.js";
import { isDiskTrouble, type Giving } from "../../disk/room.js";
import type { BroughtRange } from "../../lists/replacement.js";
import type { BansPage, BansQuery } from "./ban-listing.js";
import type { BanCounts } from "./ban-state.js";
import type {
  StateAnswer,
  StateQuestion,
  StateReport,
  StateRequest,
  StateSetup,
} from "./messages.js";
import type { SnapshotEntry } from "./snapshot-cache.js";

/** The thread that keeps the bans could not do what it was asked. */
export class SnapshotWorkerFailed extends Error {
  override readonly name = "StateFailed";
}

type Thread =
  | { readonly at: "up"; readonly worker: Worker }
  /** It ended by itself and is started again soon. */
  | { readonly at: "down"; readonly again: NodeJS.Timeout }
  | { readonly at: "closed" };

/** This thread's hand on the thread that keeps the bans. */
export class SnapshotWorker implements AsyncDisposable {
  #setup: StateSetup;
  readonly #log: Logger;
  readonly #reserve: Giving;
  readonly #waiting = new Map<number, Waiter>();
  readonly #building = new Map<FeedName, Promise<SnapshotEntry>>();
  #thread: Thread;
  #snapshots: readonly SnapshotEntry[] = [];
  #asked = 0;
  #trouble: string | undefined;

  private constructor(setup: StateSetup, log: Logger, reserve: Giving) {
    this.#setup = setup;
    this.#log = log;
    this.#reserve = reserve;
    this.#thread = this.#start();
  }

  /**
   * On a disk without room it opens all the same, and starts its thread again
   * until it stands.
   * @param reserve gives up room for its start, and for what orders look at
   */
  static async open(
    setup: StateSetup,
    log: Logger,
    reserve: Giving = { release: () => false },
  ): Promise<SnapshotWorker> {
    for (;;) {
      const state = new SnapshotWorker(setup, log, reserve);
      try {
        await state.#ask({ ask: "snapshots" });
        return state;
      } catch (error) {
        const isFull = isForWantOfRoom(error);
        if (isFull && !reserve.release()) return state;
        await state[Symbol.asyncDispose]();
        if (!isFull) throw error;
      }
    }
  }

  /** Why the bans are not kept as they should be; undefined when they are. */
  trouble(): string | undefined {
    return this.#trouble;
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

  /** Signs with these content keys from now on: PKCS #8 as PEM. */
  signWith(contentKeys: readonly string[]): void {
    this.#setup = { ...this.#setup, contentKeys };
    // A thread that is down starts again with the new ones.
    this.#ask({ ask: "sign-with", contentKeys }).catch(() => undefined);
  }

  /** How many bans each feed holds. */
  async counts(): Promise<Readonly<Record<string, BanCounts>>> {
    const answer = await this.#ask({ ask: "counts" });
    return "counts" in answer ? answer.counts : {};
  }

  /** Resolves once it has folded all that the journal holds now. */
  async caughtUp(): Promise<void> {
    await this.#ask({ ask: "caught-up" });
  }

  /** One page of the bans that are asked for. */
  async bans(query: BansQuery): Promise<BansPage> {
    const answer = await this.#ask({ ask: "bans", query });
    if ("page" in answer) return answer.page;
    throw new SnapshotWorkerFailed("the bans were not listed");
  }

  /** Until when bans of the feeds cover the whole range: Unix seconds, or 0. */
  async coveredUntil(feeds: readonly FeedName[], range: Cidr): Promise<number> {
    const answer = await this.#ask({ ask: "covered", feeds, range });
    return "coveredUntil" in answer ? answer.coveredUntil : 0;
  }

  /** The bans of a feed that a list brought and that stand, page by page. */
  async *brought(
    feed: FeedName,
    list: string,
    now: number,
  ): AsyncGenerator<readonly BroughtRange[]> {
    let after: Cidr | undefined;
    for (;;) {
      const of = { feed, list, after, limit: PAGE, now };
      const answer = await this.#ask({ ask: "brought", of });
      const page = "brought" in answer ? answer.brought : [];
      yield page;
      after = page.at(-1)?.cidr;
      if (page.length < PAGE) return;
    }
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
    const url = new URL("./worker-main.js", import.meta.url);
    const worker = new Worker(url, { workerData: this.#setup });
    let cause: unknown;
    worker.on("message", (said: StateAnswer | StateReport) => {
      if ("trouble" in said) this.#report(said.trouble);
      else this.#settle(said);
    });
    worker.on("error", (error) => (cause = error));
    worker.on("exit", () => this.#ended(cause));
    return { at: "up", worker };
  }

  #ended(cause: unknown): void {
    const why = cause instanceof Error ? `: ${cause.message}` : "";
    const failure = `the thread that keeps the bans ended${why}`;
    const error = new SnapshotWorkerFailed(failure, { cause });
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
    if (this.#thread.at === "closed") return;
    this.#report(failure);
    const again = setTimeout(() => this.#startAgain(), START_AGAIN_MS);
    this.#thread = { at: "down", again };
  }

  #startAgain(): void {
    this.#thread = this.#start();
    this.#ask({ ask: "snapshots" }).then(
      () => this.#report(undefined),
      () => undefined, // it ended again, and that was reported
    );
  }

  #report(trouble: string | undefined): void {
    this.#trouble = trouble;
    if (trouble === undefined) this.#log.info("the bans are kept again", {});
    else this.#log.error("the bans are not kept", { trouble });
  }

  async #build(feed: FeedName, now: number): Promise<SnapshotEntry> {
    const answer = await this.#ask({ ask: "build", feed, now });
    if ("built" in answer) return answer.built;
    throw new SnapshotWorkerFailed(`no snapshot of ${feed} was built`);
  }

  /** What an order looks at may have of the reserve; the rest waits for room. */
  async #ask(question: StateQuestion): Promise<StateAnswer> {
    for (;;) {
      try {
        return await this.#askOnce(question);
      } catch (error) {
        const isOver = MAY_WAIT.has(question.ask) || !isForWantOfRoom(error);
        if (isOver || !this.#reserve.release()) throw error;
      }
    }
  }

  #askOnce(question: StateQuestion): Promise<StateAnswer> {
    return new Promise((resolve, reject) => {
      const thread = this.#thread;
      if (thread.at !== "up") {
        reject(
          new SnapshotWorkerFailed("the thread that keeps the bans is down"),
        );
        return;
      }
      const id = ++this.#asked;
      this.#waiting.set(id, { resolve, reject });
      const request: StateRequest = { id, question };
      thread.worker.postMessage(request);
    });
  }

  #settle(answer: StateAnswer): void {
    const waiter = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ("snapshots" in answer) this.#snapshots = answer.snapshots;
    if ("failure" in answer)
      waiter?.reject(new SnapshotWorkerFailed(answer.failure));
    else waiter?.resolve(answer);
  }
}

/** Ranges in one answer: some ten milliseconds for either thread. */
const PAGE = 10_000;
/** An error keeps its message or its code on its way out of a thread, no more. */
const isForWantOfRoom = (error: unknown): boolean =>
  error instanceof Error &&
  (isDiskTrouble(error.cause) || saysThatItIsFull(error));

const saysThatItIsFull = (error: Error): boolean =>
  /database or disk is full|disk I\/O error|unable to open database|ENOSPC/.test(
    error.message,
  );

/** Snapshots would use up any reserve, and what rules ask comes all day long. */
const MAY_WAIT: ReadonlySet<StateQuestion["ask"]> = new Set([
  ...(["snapshots", "build", "sign-with", "covered"] as const),
]);

/** One that ends at once each time must not cost a core. */
const START_AGAIN_MS = 1_000;

interface Waiter {
  readonly resolve: (answer: StateAnswer) => void;
  readonly reject: (why: Error) => void;
}
