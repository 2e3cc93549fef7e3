import { AsyncResource } from "node:async_hooks";
import type { Clock } from "../../agent/runtime/clock.js";
import { mayPass, NO_RESERVE, withRoom, type Giving } from "../disk/room.js";
import { JournalDelayed, JournalUnfollowed } from "./failures.js";
import type { Follower, Listener } from "./following.js";

/** Records behind a sequence number, the oldest first. */
export type ReadLog<R> = (seq: number, limit: number) => readonly R[];

/** A log in a file of this machine. */
export interface LocalLog<R> {
  readonly clock: Pick<Clock, "now" | "every">;
  /** Gives room to folds that begin. */
  readonly disk: Giving;
  /** Sequence number of the newest record that is durable. */
  last(): number;
  readonly after: ReadLog<R>;
}

/** What was just written, and the last number before it. */
export interface Appended<R> {
  readonly behind: number;
  readonly records: readonly R[];
}

/** A fold that cannot follow for want of room. */
export interface Lag {
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly why: Error;
}

/** Has a fold take in the next few records; reports whether there were any. */
export function takeNext<R>(
  fold: Follower<R>,
  read: ReadLog<R>,
  reserve = NO_RESERVE,
): boolean {
  const next = read(fold.cursor, FOLDED_AT_ONCE);
  if (next.length > 0) withRoom(reserve, () => fold.take(next));
  return next.length > 0;
}

/** Keeps all folds level with a log, and then tells who listens. */
export class Followers<
  R extends { readonly seq: number },
> implements Disposable {
  readonly #log: LocalLog<R>;
  readonly #folds = new Set<Follower<R>>();
  readonly #listeners = new Set<Listener<R>>();
  readonly #timer: Disposable;
  #told: number;
  #lag: Lag | undefined;
  #broken: JournalUnfollowed | undefined;
  #break: (why: JournalUnfollowed) => void = () => undefined;

  /** Resolves once the process had better end: nothing more is taken. */
  readonly broken = new Promise<JournalUnfollowed>((resolve) => {
    this.#break = resolve;
  });

  constructor(log: LocalLog<R>) {
    this.#log = log;
    this.#told = log.last();
    this.#timer = log.clock.every(CATCH_UP_EVERY_MS, () => {
      if (this.#lag !== undefined) this.isLevel(NO_RESERVE);
    });
  }

  /** Undefined while all that is decided by is level. */
  get lag(): Lag | undefined {
    return this.#lag;
  }

  /** The newest record that all listeners have heard of. */
  get level(): number {
    return this.#told;
  }

  /** What is durable, and not yet in what is decided by. */
  untold(): readonly R[] {
    if (this.#lag === undefined) return [];
    return this.#log.after(this.#told, AT_ONCE);
  }

  /** @throws JournalUnfollowed or JournalDelayed while nothing may be written */
  mustBeLevel(reserve: Giving, appended?: Appended<R>): void {
    if (this.#broken === undefined && this.isLevel(reserve, appended)) return;
    throw (
      this.#broken ??
      new JournalDelayed(this.#log.last(), { cause: this.#lag?.why })
    );
  }

  /**
   * Brings all folds level, then tells those who subscribed what they have not
   * heard. A fold that finds no room lags until there is some, and so does what
   * cannot be read for telling.
   */
  isLevel(reserve: Giving, appended?: Appended<R>): boolean {
    const isIdle = appended === undefined && this.#told === this.#log.last();
    if (isIdle && this.#lag === undefined) return true;
    try {
      for (const fold of this.#folds) this.#bring(fold, reserve, appended);
      this.#tellAll(appended);
    } catch (cause) {
      const why = cause instanceof Error ? cause : new Error(String(cause));
      if (!mayPass(cause)) this.#unfollowed(why);
      this.#lag ??= { since: this.#log.clock.now(), why };
      return false;
    }
    this.#lag = undefined;
    return true;
  }

  follow(fold: Follower<R>): Disposable {
    try {
      this.#bring(fold, this.#log.disk);
    } catch (cause) {
      if (!mayPass(cause)) throw cause;
      this.#lag ??= { since: this.#log.clock.now(), why: cause as Error };
    }
    this.#folds.add(fold);
    return { [Symbol.dispose]: () => void this.#folds.delete(fold) };
  }

  subscribe(listener: Listener<R>): Disposable {
    // Whoever appends calls for that alone, and not for what becomes of it.
    const own = AsyncResource.bind(listener);
    this.#listeners.add(own);
    return { [Symbol.dispose]: () => void this.#listeners.delete(own) };
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
  }

  #bring(fold: Follower<R>, reserve: Giving, appended?: Appended<R>): void {
    if (appended?.behind === fold.cursor) {
      withRoom(reserve, () => fold.take(appended.records));
      return;
    }
    while (fold.cursor < this.#log.last()) {
      // Numbers at the end are nobody's.
      if (!takeNext(fold, this.#log.after, reserve)) return;
    }
  }

  #tellAll(appended: Appended<R> | undefined): void {
    const news =
      appended?.behind === this.#told
        ? appended.records
        : this.#log.after(this.#told, AT_ONCE);
    this.#told = news.at(-1)?.seq ?? this.#log.last();
    if (news.length === 0) return;
    for (const listener of this.#listeners) this.#tell(listener, news);
    if (this.#told < this.#log.last()) this.#tellAll(undefined);
  }

  #unfollowed(cause: Error): void {
    const message = `event ${this.#log.last()} is durable, but was not taken in: ${cause.message}`;
    this.#broken ??= new JournalUnfollowed(message, { cause });
    this.#break(this.#broken);
  }

  /** What is durable reaches every listener, even where another failed over it. */
  #tell(listener: Listener<R>, news: readonly R[]): void {
    try {
      listener(news);
    } catch (cause) {
      this.#unfollowed(
        cause instanceof Error ? cause : new Error(String(cause)),
      );
    }
  }
}

const CATCH_UP_EVERY_MS = 1_000;

const AT_ONCE = 64;

/** Events in one transaction: segments among them hold thousands of ops each. */
const FOLDED_AT_ONCE = 16;
