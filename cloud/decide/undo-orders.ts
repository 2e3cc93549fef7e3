import { setImmediate as nextTurn } from "node:timers/promises";
import type { Ban, Op } from "../../agent/model/ban.js";
import { formatCidr } from "../../agent/model/cidr.js";
import type { FeedName } from "../../agent/model/position.js";
import { unixSeconds, type Clock } from "../../agent/runtime/clock.js";
import type { Capacity } from "../feeds/capacity.js";
import type { FeedIndex } from "../feeds/feed-index.js";
import type { Feeds, Publish } from "../feeds/feeds.js";
import type { Decisions } from "../journal/decisions.js";
import { lookThenAppend } from "../journal/look-then-append.js";
import type { Undone, UndoEffect } from "../journal/undo-events.js";
import type { DecisionEntry, DecisionLog } from "./decision-log.js";
import { carryOut, type Deed, type Decision } from "./deeds.js";
import type { Watch } from "./order-ports.js";
import { stoodBans, type StoodBans } from "./stood.js";
import { UndoGate } from "./undo-gate.js";
import { Lineage } from "./undo-lineage.js";
import type { UndoLog } from "./undo-log.js";
import { RANGES_A_TURN, UndoReader } from "./undo-reader.js";
import { Traces, type Trace } from "./undo-traces.js";

/** What is to be undone, and how. */
export interface UndoWish {
  /** Its id. */
  readonly undoes: string;
  readonly by: string;
  readonly reason: string;
  /** It should never have been made. */
  readonly wrong: boolean;
  /** Say what it would do, and do nothing. */
  readonly dryRun: boolean;
  readonly watch?: UndoWatch | undefined;
}

/** Looks on while an undo is judged, and may stop it; it may begin again. */
export interface UndoWatch extends Pick<Watch, "begin" | "along"> {
  /** Of each range that it does something to, and what the decision says of it. */
  sees(op: Op, own: Ban | undefined): void;
  /** All was seen: throws where it must not be carried out. */
  decide(): void;
}

/** What undoing a decision came to. */
export interface UndoDone {
  /** Undefined where nothing changed, or only a question was asked. */
  readonly decision: Decision | undefined;
  readonly feed: FeedName;
  /** How many ranges became what; those of none are left out. */
  readonly counts: Partial<Readonly<Record<UndoEffect, number>>>;
  /** Who decided on its ranges since, the most ranges first. */
  readonly changedBy: readonly ChangedBy[];
  /** Its first ranges. */
  readonly first: readonly RangeUndone[];
}

export interface ChangedBy {
  readonly decision: string;
  /** An operator's name, or "rule:" and a rule's. */
  readonly by: string;
  readonly ranges: number;
}

/** What became of one range. */
export interface RangeUndone {
  readonly range: string;
  readonly effect: UndoEffect;
  /** Until when it is banned again, in Unix seconds; null: it is not. */
  readonly until: number | null;
  readonly observed: boolean;
  /** By which it was changed since. */
  readonly since: string | null;
}

/** A decision that cannot be undone as a whole. */
export class CannotUndo extends Error {
  override readonly name = "CannotUndo";
}

export interface UndoPorts {
  readonly feeds: Pick<Feeds, "inTurn">;
  readonly clock: Clock;
  readonly decisions: Pick<Decisions, "after" | "level" | "append" | "catchUp">;
  readonly decisionLog: Pick<DecisionLog, "decision">;
  readonly undoLog: Pick<
    UndoLog,
    "listOf" | "placedAfter" | "undoings" | "undoneBy"
  >;
  readonly index: Pick<FeedIndex, "standing">;
  readonly capacity: Pick<Capacity, "makeRoom">;
  /** Hears what stood before it is changed, right before that. */
  stood(before: StoodBans): void;
}

/**
 * Undoes decisions: what one put into force and what still stands by it goes back
 * to what stood before, and what was decided on since stays. All of that is read
 * from the log itself. Another one like it is written: nothing is ever taken out.
 */
export class UndoOrders {
  readonly #ports: UndoPorts;
  readonly #gate = new UndoGate();

  constructor(ports: UndoPorts) {
    this.#ports = ports;
  }

  /** @throws CannotUndo, UndoBusy, FeedFull, and what `watch` throws: then nothing has happened */
  async undo(wish: UndoWish): Promise<UndoDone> {
    const { feed } = mustBeThere(wish.undoes, this.#ports.decisionLog);
    return this.#gate.run(wish.by, feed, () => this.#undo(wish, feed));
  }

  async #undo(wish: UndoWish, feed: FeedName): Promise<UndoDone> {
    const { feeds, decisionLog } = this.#ports;
    // What is published just now is whole once it is one's turn.
    await feeds.inTurn(feed, () => Promise.resolve());
    const entry = mustBeThere(wish.undoes, decisionLog);
    const place = this.#placeOf(entry);
    const now = unixSeconds(this.#ports.clock.now());
    const lineage = new Lineage(this.#ports.undoLog, wish.undoes);
    const traces = new Traces(now, (decision) => lineage.isWord(decision));
    const reader = new UndoReader(this.#ports, entry, traces);
    if (place !== undefined) await reader.readBefore(place);
    return feeds.inTurn(feed, async (publish) => {
      if (place !== undefined) await reader.readOn();
      return this.#carryOut(publish, { wish, entry, traces });
    });
  }

  /** @throws CannotUndo when the decision's history is over */
  #placeOf({ feed, epoch, first, last, decision }: DecisionEntry) {
    if (epoch === null || first === null || last === null) return undefined;
    if (this.#ports.index.standing(feed)?.epoch === epoch) return { epoch };
    throw new CannotUndo(
      `${decision} is of an epoch of ${feed} that is over: what it banned was decided anew then; lift its ranges instead`,
    );
  }

  async #carryOut(
    publish: Publish,
    { wish, entry, traces }: Undertaking,
  ): Promise<UndoDone> {
    const { watch, dryRun, reason, by } = wish;
    const { feed } = entry;
    const tally = new Tally();
    watch?.begin();
    for (const trace of traces) {
      if (trace.op) watch?.sees(trace.op, trace.own);
      if (tally.add(trace) % RANGES_A_TURN === 0) await nextTurn();
    }
    watch?.decide();
    const done = this.#doneOf(feed, tally);
    if (dryRun) return done;
    const undone = this.#undoneOf(wish, entry, tally);
    if (tally.ops === 0) {
      await this.#note(undone);
      return done;
    }
    const { capacity } = this.#ports;
    if (tally.again > 0) await capacity.makeRoom(feed, tally.again);
    const deed: Deed = {
      ...this.#kindOf(entry, tally),
      ...{ mandate: { feed, by }, count: tally.ops, reason },
      watch: {
        along: (decision) => [
          { ...undone, decision },
          ...(watch?.along(decision, feed) ?? []),
        ],
      },
    };
    this.#ports.stood(stoodBans(standingOf(traces, entry), tally.stood));
    const decision = await carryOut(publish, deed, opsOf(traces));
    return { ...done, decision };
  }

  /**
   * Of a list's import, what comes back is the list's again, as the others see it;
   * else it is what its ops are, and a ban where there are some of both.
   */
  #kindOf(
    { decision: undoes }: DecisionEntry,
    { bans, enforced, until }: Tally,
  ): Pick<Deed, "action" | "from" | "observed" | "until"> {
    const list = this.#ports.undoLog.listOf(undoes);
    const observed = bans > 0 && enforced === 0;
    if (list !== undefined) {
      const from = { undoes, list };
      const ends = bans > 0 ? until : undefined;
      return { action: "import", from, observed, until: ends };
    }
    const from = { undoes };
    return bans > 0
      ? { action: "ban", from, observed, until }
      : { action: "lift", from, observed, until: undefined };
  }

  #undoneOf(
    { wrong, by, reason }: UndoWish,
    { decision: undoes, feed }: DecisionEntry,
    { counts }: Tally,
  ): Undone {
    return { kind: "undone", undoes, feed, wrong, by, reason, counts };
  }

  /** That a decision was wrong is worth a word, though nothing of it is in force. */
  async #note(undone: Undone): Promise<void> {
    if (!undone.wrong) return;
    const { decisions, undoLog } = this.#ports;
    await lookThenAppend(decisions, () => {
      const known = undoLog.undoings(undone.undoes);
      const isKnown = known.some(
        ({ wrong, decision: by }) =>
          wrong && (by === null || undoLog.undoings(by).length === 0),
      );
      return { events: isKnown ? [] : [undone], answer: undefined };
    });
  }

  #doneOf(feed: FeedName, tally: Tally): UndoDone {
    const { counts, first, since } = tally;
    const changedBy = [...since]
      .sort(([, one], [, other]) => other - one)
      .slice(0, MOST_NAMED)
      .map(([decision, ranges]) => {
        const by = this.#ports.decisionLog.decision(decision)?.by ?? "";
        return { decision, by, ranges };
      });
    return { decision: undefined, feed, counts, changedBy, first };
  }
}

interface Undertaking {
  readonly wish: UndoWish;
  readonly entry: DecisionEntry;
  readonly traces: Traces;
}

/** @throws CannotUndo */
function mustBeThere(
  id: string,
  log: Pick<DecisionLog, "decision">,
): DecisionEntry {
  const entry = log.decision(id);
  if (entry === undefined) throw new CannotUndo(`there is no decision ${id}`);
  return entry;
}

/** Adds up what becomes of the ranges. */
class Tally {
  readonly counts: Partial<Record<UndoEffect, number>> = {};
  readonly first: RangeUndone[] = [];
  /** By decision: how many ranges it changed. */
  readonly since = new Map<string, number>();
  ops = 0;
  /** Bans that come back, those of them that drop packets, and the latest end. */
  bans = 0;
  enforced = 0;
  until = 0;
  /** Bans that come back where none is. */
  again = 0;
  /** Bans of the decision that are taken back. */
  stood = 0;
  #seen = 0;

  /** How many there are by now. */
  add(trace: Trace): number {
    const { effect, op, own, since } = trace;
    this.counts[effect] = (this.counts[effect] ?? 0) + 1;
    if (op !== undefined) {
      this.ops += 1;
      if (own === undefined) this.again += 1;
      else this.stood += 1;
      if (op.op === "ban") this.#addBan(op);
    }
    if (since !== undefined) {
      this.since.set(since, (this.since.get(since) ?? 0) + 1);
    }
    if (this.first.length < MOST_SHOWN) this.first.push(shown(trace));
    return (this.#seen += 1);
  }

  #addBan({ observed, expiresAt }: Ban): void {
    this.bans += 1;
    if (!observed) this.enforced += 1;
    this.until = Math.max(this.until, expiresAt);
  }
}

function shown({ cidr, effect, before, since }: Trace): RangeUndone {
  const again = effect === "restored" ? before : undefined;
  return {
    ...{ range: formatCidr(cidr), effect, since: since ?? null },
    until: again?.expiresAt ?? null,
    observed: again?.observed ?? false,
  };
}

/** Lifts come last: a crash between the segments leaves too much banned. */
function* opsOf(traces: Traces): Generator<Op> {
  yield* traces.ops("ban");
  yield* traces.ops("lift");
}

function* standingOf(traces: Traces, entry: DecisionEntry) {
  const { feed } = entry;
  for (const { op, own, again: decision = entry.decision } of traces) {
    if (op !== undefined && own !== undefined) {
      yield { ...own, feed, decision };
    }
  }
}

/** Of ranges, those that are told one by one; the others are counted. */
const MOST_SHOWN = 100;

/** Of decisions that came since. */
const MOST_NAMED = 20;
