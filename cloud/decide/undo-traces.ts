import type { Ban, Op } from "../../agent/model/ban.js";
import type { Cidr } from "../../agent/model/cidr.js";
import { isWaitedFor } from "../../agent/protocol/ring-times.js";
import type { UndoEffect } from "../journal/undo-events.js";
import { rangeKey, rangeOf, type RangeKey } from "../lists/range-store.js";
import {
  Columns,
  LIFTED,
  Manners,
  Names,
  Numbers,
  type Terms,
} from "./undo-columns.js";

/** What is to become of one range of a decision that is undone. */
export interface Trace {
  readonly cidr: Cidr;
  readonly effect: UndoEffect;
  /** What the decision says of it; undefined: it lifted it. */
  readonly own: Ban | undefined;
  /** What stood before it, and would still. */
  readonly before: Ban | undefined;
  /** Who decided on it since. */
  readonly since: string | undefined;
  /** The last decision behind it that has it in the very same terms, if any. */
  readonly again: string | undefined;
  /** What has to be published; undefined: nothing. */
  readonly op: Op | undefined;
}

/**
 * What one decision did to each of its ranges, held against what its feed's log has
 * right before it and behind it. Ops may come in any order, and more than once:
 * their places in the feed tell which was first. A list may have millions of
 * ranges, so of each there are a key and a few numbers.
 */
export class Traces {
  readonly #now: number;
  readonly #isWord: (decision: string) => boolean;
  readonly #indexes = new Map<RangeKey, number>();
  readonly #manners = new Manners();
  readonly #names = new Names();
  readonly #own = new Columns();
  readonly #before = new Columns();
  readonly #since = new Columns();
  /** Whose that is: of a word of its own, rather than of what takes back. */
  readonly #sinceBy = new Numbers((length) => new Int32Array(length));
  /** What has to be published of each, once it was looked at. */
  readonly #toDo = new Numbers((length) => new Uint8Array(length));

  /**
   * @param now Unix seconds: what has run out by then is not brought back
   * @param isWord whether a decision is somebody's word, so that what it says stays
   */
  constructor(now: number, isWord: (decision: string) => boolean) {
    this.#now = now;
    this.#isWord = isWord;
  }

  /** An op of the decision itself; `place` is its offset in the feed. */
  own(op: Op, place: number): void {
    const key = rangeKey(op.cidr);
    const known = this.#indexes.get(key);
    if (known !== undefined) {
      this.#own.put(known, place, this.#termsOf(op));
      return;
    }
    const index = this.#indexes.size;
    this.#indexes.set(key, index);
    this.#own.put(index, place, this.#termsOf(op));
  }

  /** Whether one of the ranges is the decision's as well. */
  touches(cidrs: readonly Cidr[]): boolean {
    return cidrs.some((cidr) => this.#indexes.has(rangeKey(cidr)));
  }

  /** An op of another decision of the feed. */
  other(op: Op, place: number, decision: string): void {
    const index = this.#indexes.get(rangeKey(op.cidr));
    if (index === undefined) return;
    if (place < this.#own.placeOf(index)) {
      if (place <= this.#before.placeOf(index)) return;
      this.#before.put(index, place, this.#termsOf(op));
    } else if (place > this.#since.placeOf(index)) {
      this.#since.put(index, place, this.#termsOf(op));
      this.#decides(index, decision);
    }
  }

  /** Who takes back what others decided is no one behind whom did not. */
  #decides(index: number, decision: string): void {
    const by = this.#sinceBy.at(index);
    const isWordKept = by > 0 && !this.#isWord(decision);
    if (isWordKept) return;
    const name = this.#names.numberOf(decision) + 1;
    this.#sinceBy.put(index, this.#isWord(decision) ? name : -name);
  }

  /** One of each range, in the order of the decision. */
  *[Symbol.iterator](): Generator<Trace> {
    for (const [key, index] of this.#indexes) {
      const trace = this.#traceOf(rangeOf(key), index);
      this.#toDo.put(index, trace.op ? TO_DO[trace.op.op] : 0);
      yield trace;
    }
  }

  /** The bans, or the lifts, that have to be published: of traces that were looked at. */
  *ops(which: Op["op"]): Generator<Op> {
    for (const [key, index] of this.#indexes) {
      if (this.#toDo.at(index) !== TO_DO[which]) continue;
      const cidr = rangeOf(key);
      const op = opOf(cidr, this.#banOf(cidr, this.#before, index), which);
      if (op !== undefined) yield op;
    }
  }

  #traceOf(cidr: Cidr, index: number): Trace {
    const own = this.#banOf(cidr, this.#own, index);
    const stood = this.#banOf(cidr, this.#before, index);
    const before = this.#stands(stood) ? stood : undefined;
    const by = this.#sinceBy.at(index);
    const decision =
      by === 0 ? undefined : this.#names.nameOf(Math.abs(by) - 1);
    const isChanged = by > 0 || (by < 0 && !this.#isAgain(cidr, own, index));
    const effect = isChanged ? "changed" : this.#effectOf(own, before);
    return {
      ...{ cidr, effect, own, before },
      since: isChanged ? decision : undefined,
      again: isChanged ? undefined : decision,
      op: opOf(cidr, before, OP_OF[effect]),
    };
  }

  /** Whether what stands now is what the decision says, taken back to by others. */
  #isAgain(cidr: Cidr, own: Ban | undefined, index: number): boolean {
    const last = this.#banOf(cidr, this.#since, index);
    if (last === undefined || !this.#stands(last)) return !this.#stands(own);
    return isSame(own, last);
  }

  #effectOf(own: Ban | undefined, before: Ban | undefined): UndoEffect {
    if (before !== undefined) {
      return isSame(own, before) ? "as-before" : "restored";
    }
    return this.#stands(own) ? "lifted" : "expired";
  }

  #stands(ban: Ban | undefined): boolean {
    return ban !== undefined && ban.expiresAt > this.#now;
  }

  #termsOf(op: Op): Terms {
    if (op.op === "lift") return LIFTED;
    const { expiresAt: end, reason, observed, rings } = op;
    const common = { reason, observed };
    const isLeft = isWaitedFor(rings, this.#now);
    const manner = this.#manners.numberOf(
      isLeft ? { ...common, rings } : common,
    );
    return { end, manner };
  }

  #banOf(cidr: Cidr, columns: Columns, index: number): Ban | undefined {
    const manner = columns.mannerOf(index);
    if (manner === LIFTED.manner) return undefined;
    const expiresAt = columns.endOf(index);
    return { cidr, expiresAt, ...this.#manners.mannerOf(manner) };
  }
}

const TO_DO = { ban: 1, lift: 2 } as const;

function opOf(
  cidr: Cidr,
  before: Ban | undefined,
  which: Op["op"] | undefined,
): Op | undefined {
  if (which === "lift") return { op: "lift", cidr };
  return which === "ban" && before ? { op: "ban", ...before } : undefined;
}

const OP_OF: Partial<Readonly<Record<UndoEffect, Op["op"]>>> = {
  lifted: "lift",
  restored: "ban",
};

const isSame = (one: Ban | undefined, other: Ban): boolean =>
  one !== undefined &&
  one.expiresAt === other.expiresAt &&
  one.reason === other.reason &&
  one.observed === other.observed &&
  one.rings?.all === other.rings?.all;
