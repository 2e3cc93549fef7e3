import type { Logger } from "../../../agent/log/logger.js";
import type { Cidr } from "../../../agent/model/cidr.js";
import type { FeedName } from "../../../agent/model/position.js";
import { isDiskTrouble, NO_RESERVE, type Giving } from "../../disk/room.js";
import type { BroughtRange } from "../../lists/replacement.js";
import type { BansWindow, Browse } from "../catalogue/browsing.js";
import { KeptThread } from "../../threads/kept-thread.js";
import type { BansPage, BansQuery } from "./ban-listing.js";
import type { BanCounts } from "./ban-state.js";
import type {
  ListsAsked,
  StateAnswer,
  StateQuestion,
  StateSetup,
} from "./messages.js";
import type { SnapshotEntry } from "./snapshot-cache.js";

/** The thread that keeps the bans could not do what it was asked. */
export class SnapshotWorkerFailed extends Error {
  override readonly name = "SnapshotWorkerFailed";
}

/** This thread's hand on the thread that keeps the bans. */
export class SnapshotWorker implements AsyncDisposable {
  #setup: StateSetup;
  readonly #thread: KeptThread<StateQuestion, StateAnswer>;
  readonly #reserve: Giving;
  readonly #building = new Map<FeedName, Promise<SnapshotEntry>>();
  #snapshots: readonly SnapshotEntry[] = [];

  private constructor(setup: StateSetup, log: Logger, reserve: Giving) {
    this.#setup = setup;
    this.#reserve = reserve;
    this.#thread = new KeptThread({
      url: new URL("./worker-main.js", import.meta.url),
      name: "the thread that keeps the bans",
      keeps: "the bans are",
      setup: () => this.#setup,
      greeting: { ask: "snapshots" },
      mostWaiting: Infinity,
      log,
      failed: (...why) => new SnapshotWorkerFailed(...why),
    });
  }

  /**
   * On a disk without room it opens all the same, and starts its thread again
   * until it stands.
   * @param reserve gives up room for its start, and for what orders look at
   */
  static async open(
    setup: StateSetup,
    log: Logger,
    reserve = NO_RESERVE,
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
    return this.#thread.trouble;
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

  /**
   * What somebody sees of the bans; undefined: there are too many for that.
   * @param gone aborted once nobody waits for it any more
   */
  async browse(
    of: Browse,
    gone?: AbortSignal,
  ): Promise<BansWindow | undefined> {
    const answer = await this.#ask({ ask: "browse", of }, gone);
    if ("window" in answer) return answer.window;
    throw new SnapshotWorkerFailed("the bans were not listed");
  }

  /** Until when bans of the feeds cover the whole range: Unix seconds, or 0. */
  async coveredUntil(feeds: readonly FeedName[], range: Cidr): Promise<number> {
    const answer = await this.#ask({ ask: "covered", feeds, range });
    return "coveredUntil" in answer ? answer.coveredUntil : 0;
  }

  /** Which of the lists hold the whole range now, in any of the feeds. */
  async holding(of: ListsAsked): Promise<readonly string[]> {
    const answer = await this.#ask({ ask: "holding", of });
    return "holding" in answer ? answer.holding : [];
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
    await this.#thread[Symbol.asyncDispose]();
  }

  async #build(feed: FeedName, now: number): Promise<SnapshotEntry> {
    const answer = await this.#ask({ ask: "build", feed, now });
    if ("built" in answer) return answer.built;
    throw new SnapshotWorkerFailed(`no snapshot of ${feed} was built`);
  }

  /** What an order looks at may have of the reserve; the rest waits for room. */
  async #ask(
    question: StateQuestion,
    gone?: AbortSignal,
  ): Promise<StateAnswer> {
    for (;;) {
      try {
        return this.#noted(await this.#thread.ask(question, gone));
      } catch (error) {
        const isOver = MAY_WAIT.has(question.ask) || !isForWantOfRoom(error);
        if (isOver || !this.#reserve.release()) throw error;
      }
    }
  }

  #noted(answer: StateAnswer): StateAnswer {
    if ("snapshots" in answer) this.#snapshots = answer.snapshots;
    return answer;
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
