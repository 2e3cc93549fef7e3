import type { Ledger } from "../../ledger/ledger.js";
import type { RolledBack, Run } from "../../ledger/operator/going-back.js";
import type { Fate } from "../../ledger/operator/rollback.js";
import type { Order } from "../../ledger/revisions.js";
import { compareCidrs, type Cidr } from "../../model/cidr.js";
import type { FeedName } from "../../model/position.js";
import {
  unixSeconds,
  type BanClock,
  type UnixSeconds,
} from "../../runtime/clock.js";
import { Mutex } from "../../runtime/mutex.js";
import { numberText } from "../../text/count.js";

export interface RollbackPorts {
  readonly ledger: Pick<Ledger, "overrides" | "bansOn">;
  readonly clock: Pick<BanClock, "now">;
  /** The guard's rule that would hold a ban on this range. */
  readonly guardedBy: (cidr: Cidr) => string | undefined;
}

/** Which changes are to be taken back; the newest order of the cloud by default. */
export interface RollbackOrder {
  /** The ruleset of exactly this revision, this host's own bans included. */
  readonly revision?: number | undefined;
  /** All since, and with, this order, but for this host's own bans. */
  readonly toBefore?: number | undefined;
  /** All of the last so many seconds, but for this host's own bans. */
  readonly since?: number | undefined;
  /** Only says what would come of it. */
  readonly dryRun?: boolean | undefined;
}

/** Where a rollback went to, and what it did. */
export interface WentBack extends RolledBack {
  /** The revision whose ruleset is in force again. */
  readonly to: number;
  /** The newest orders that it took back, newest first, and how many there are. */
  readonly orders: readonly Order[];
  readonly orderCount: number;
  /** The first ranges, with what came of each. */
  readonly ranges: readonly RangeFate[];
  readonly counts: Run["counts"];
}

export interface RangeFate {
  readonly cidr: Cidr;
  readonly fate: Fate;
  /** Bans that are in force on it all the same. */
  readonly still: readonly NamedBan[];
}

export interface NamedBan {
  readonly cidr: Cidr;
  readonly feed: FeedName;
}

/** Hears how far an order has come that takes a while. */
export type Tell = (note: string) => void;

/** Nothing is left that could be rolled back without saying how far. */
export class NothingToRollBack extends Error {
  override readonly name = "NothingToRollBack";

  constructor(where = "") {
    super(`no change is kept that could be rolled back${where}`);
  }
}

/** No such order can be taken back any more, or ever could. */
export class NoSuchOrder extends Error {
  override readonly name = "NoSuchOrder";

  constructor(order: number) {
    super(`order ${order} is not kept (see: tourniquet history)`);
  }
}

/**
 * Rollbacks in the ledger, one after the other and in slices, so that the rest of
 * the agent gets its turn; the kernel is not told by this.
 */
export class Rollbacks {
  readonly #ports: RollbackPorts;
  readonly #turns = new Mutex();

  constructor(ports: RollbackPorts) {
    this.#ports = ports;
  }

  /** @throws OutOfReach, NoSuchOrder, NothingToRollBack */
  goBack(order: RollbackOrder, tell: Tell): Promise<WentBack> {
    return this.#turns.run(() => this.#goBack(order, tell));
  }

  undo(tell: Tell): Promise<RolledBack> {
    return this.#turns.run(async () => {
      const run = this.#ports.ledger.overrides.undo(this.#now());
      return (await inTurns(run, tell)).result;
    });
  }

  /** Whether an earlier process had left one in the middle. */
  goOn(): Promise<boolean> {
    return this.#turns.run(async () => {
      const { ledger, guardedBy } = this.#ports;
      const run = ledger.overrides.goOnBack({ now: this.#now(), guardedBy });
      if (run !== undefined) await inTurns(run, silent);
      return run !== undefined;
    });
  }

  async #goBack(order: RollbackOrder, tell: Tell): Promise<WentBack> {
    const { ledger } = this.#ports;
    const now = this.#now();
    const { to, spareOwn } = this.#targetOf(order, now);
    const isMeant = ({ id, feed, changed }: Order) =>
      id > to &&
      changed > 0 &&
      feed !== null &&
      !(spareOwn && feed === "local");
    const undone = ledger.overrides.history(MOST_ORDERS).filter(isMeant);
    const run = ledger.overrides.goBack({
      ...{ revision: to, now, until: now + WITHHELD_S, spareOwn },
      dryRun: order.dryRun === true,
      guardedBy: (cidr) => this.#ports.guardedBy(cidr),
    });
    const { result, fates, counts } = await inTurns(run, tell);
    const ranges = fates.map(([cidr, fate]) => ({
      ...{ cidr, fate, still: this.#othersOn(cidr, now) },
    }));
    const orders = undone.slice(0, ORDERS_TOLD);
    const told = { orders, orderCount: undone.length, ranges };
    return { ...result, to, ...told, counts };
  }

  /** An order is taken back as a whole, also by a moment in its middle. */
  #targetOf({ revision, toBefore, since }: RollbackOrder, now: UnixSeconds) {
    const { overrides } = this.#ports.ledger;
    if (revision !== undefined) return { to: revision, spareOwn: false };
    if (toBefore !== undefined) {
      const order = overrides.orderOf(toBefore);
      if (order === undefined) throw new NoSuchOrder(toBefore);
      return { to: order - 1, spareOwn: true };
    }
    if (since !== undefined) {
      const at = overrides.revisionAt(now - since);
      const next = overrides.orderAfter(at);
      if (next === undefined) throw new NothingToRollBack(" of that time");
      return { to: Math.min(at, next - 1), spareOwn: true };
    }
    const { last } = overrides.reach();
    if (last === undefined) throw new NothingToRollBack();
    return { to: last, spareOwn: true };
  }

  #othersOn(cidr: Cidr, now: UnixSeconds): readonly NamedBan[] {
    return this.#ports.ledger
      .bansOn(cidr, now)
      .filter(
        (ban) =>
          ban.held === undefined &&
          !ban.observed &&
          compareCidrs(ban.cidr, cidr) !== 0,
      )
      .map((ban) => ({ cidr: ban.cidr, feed: ban.feed }));
  }

  readonly #now = (): number => unixSeconds(this.#ports.clock.now());
}

/** Between two slices whatever else the host has to do gets its turn. */
async function inTurns(run: Run, tell: Tell): Promise<Run> {
  using it = run;
  while (it.step()) {
    const { done, of } = it.progress;
    tell(`${numberText(done)} of ${numberText(of)} ranges`);
    for (let turns = 0; turns < TURNS_BETWEEN; turns++) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  return run;
}

/** In the words that orders are kept in. */
export function describedAs({
  revision,
  toBefore,
  since,
}: RollbackOrder): string {
  if (revision !== undefined) return `rollback to revision ${revision}`;
  if (toBefore !== undefined) return `rollback to before order ${toBefore}`;
  if (since !== undefined) return `rollback of the last ${since} s`;
  return "rollback of the newest order";
}

export const silent: Tell = () => undefined;

/** As many as it takes to hear a question, and to answer it. */
const TURNS_BETWEEN = 4;

/** What was rolled back waits for so long unless somebody decides. */
const WITHHELD_S = 7 * 86_400;

/** More than are kept. */
const MOST_ORDERS = 10_000;

const ORDERS_TOLD = 20;
