import type { AgentEvents } from "../../events/events.js";
import type { HealthCode } from "../../health/catalogue.js";
import { OutOfReach } from "../../ledger/history.js";
import type { Ledger } from "../../ledger/ledger.js";
import type { RolledBack } from "../../ledger/operator/going-back.js";
import { TooManyReleases } from "../../ledger/operator/releases.js";
import type { DatedBan } from "../../ledger/rows.js";
import type { Confirmed } from "../../ledger/unconfirmed.js";
import { formatCidr, type Cidr } from "../../model/cidr.js";
import { FOREVER } from "../../model/ban.js";
import type { Mode } from "../../model/mode.js";
import type { Protection } from "../../protect/protection.js";
import type { Fact } from "../../protocol/statement.js";
import type { UnixSeconds } from "../../runtime/clock.js";
import { unixSeconds, type BanClock } from "../../runtime/clock.js";
import { messageOf } from "../../text/message.js";
import {
  GuardHolds,
  LastsLonger,
  type OwnBan,
  type OwnBanOrder,
  type OwnBans,
  type OwnLift,
} from "./own-bans.js";
import { ObservesAlready, type ModeSwitch } from "./mode-switch.js";
import {
  describedAs,
  NoSuchOrder,
  NothingToRollBack,
  Rollbacks,
  silent,
  type NamedBan,
  type RollbackOrder,
  type Tell,
  type WentBack,
} from "./rollbacks.js";

export interface OperatorOrdersPorts {
  readonly mode: Pick<ModeSwitch, "turnTo" | "pause">;
  readonly own: Pick<OwnBans, "ban" | "lift">;
  /** Bans of this host's own are others: what they mean for the policy is seen. */
  ownChanged(): Promise<void>;
  readonly ledger: Pick<Ledger, "overrides" | "bansOn" | "bansWithin">;
  readonly protection: Pick<Protection, "renew">;
  readonly clock: Pick<BanClock, "now">;
  readonly events: Pick<AgentEvents, "ordered">;
  /** The guard's rule that would hold a ban on this range. */
  readonly guardedBy: (cidr: Cidr) => string | undefined;
  /** Returns once the kernel is as the ledger says. */
  readonly enforce: () => Promise<void>;
  /** Shows the recorded bans to the guard as it is now. */
  reviewAgain(): Promise<void>;
  /** Records that bans whose trial failed are to be in force; how many. */
  confirm(range: Cidr | undefined): Promise<Confirmed>;
  /** The device is to state what is other now, as soon as it is recorded. */
  readonly state: (fact: Fact) => void;
  /** Tells the cloud, once there is a link. */
  readonly tell: (code: HealthCode, what: string) => void;
}

/** What a release is about. */
export interface ReleaseEffect extends BansAbout {
  /** Unix seconds; `FOREVER` for good. */
  readonly until: UnixSeconds;
}

/** What the end of a release is about. */
export interface EndOfRelease extends BansAbout {
  /** The guard's rule that keeps bans off it all the same. */
  readonly stillBy: string | undefined;
}

interface BansAbout {
  /** Bans on it, around it or within it, that are out of force or come back. */
  readonly bans: readonly NamedBan[];
  /** There are more than are named. */
  readonly more: boolean;
}

/** Whether an order makes no sense as things are, rather than that it failed. */
export const isUntimely = (error: unknown): error is Error =>
  error instanceof ObservesAlready ||
  error instanceof GuardHolds ||
  error instanceof LastsLonger ||
  error instanceof OutOfReach ||
  error instanceof TooManyReleases ||
  error instanceof NoSuchOrder ||
  error instanceof NothingToRollBack;

/**
 * The last word of this host's operator, over whatever a cloud says and without
 * needing one. Each order is kept with who gave it and what came of it, logged,
 * and told the cloud; it is in force when its method returns. `by` is who gives it.
 */
export class OperatorOrders {
  readonly #ports: OperatorOrdersPorts;
  readonly #rollbacks: Rollbacks;

  constructor(ports: OperatorOrdersPorts) {
    this.#ports = ports;
    this.#rollbacks = new Rollbacks(ports);
  }

  /** @throws NotEnforced */
  turnTo(mode: Mode, by: string): Promise<void> {
    return this.#order(mode, by, () => this.#ports.mode.turnTo(mode));
  }

  /** Until when, in Unix seconds. @throws ObservesAlready, NotEnforced */
  pause(seconds: number, by: string): Promise<number> {
    return this.#order(`pause for ${seconds} s`, by, () =>
      this.#ports.mode.pause(seconds),
    );
  }

  /**
   * No ban touches the range for so many seconds, or for good: the kernel lets it
   * pass from now on, and its bans are held in the course of some seconds.
   * @throws TooManyReleases, NotEnforced
   */
  release(
    { cidr, seconds, reason }: ReleaseOrder,
    by: string,
  ): Promise<ReleaseEffect> {
    const { ledger, tell } = this.#ports;
    const lasts = seconds === undefined ? "for good" : `for ${seconds} s`;
    const what = `${formatCidr(cidr)} ${lasts}: ${reason}`;
    return this.#order(`release ${what}`, by, async () => {
      const since = this.#now();
      const until = seconds === undefined ? FOREVER : since + seconds;
      const about = this.#bansAbout(cidr, ({ held }) => held === undefined);
      ledger.overrides.release({ cidr, since, until, reason });
      tell("released", `${what}; by ${by}`);
      const [range, end] = [formatCidr(cidr), until * 1000];
      this.#ports.state({ what: "released", range, until: end });
      await this.#protect();
      return { until, ...about };
    });
  }

  /**
   * What comes back; undefined when exactly this range is not released.
   * @throws NotEnforced
   */
  endRelease(cidr: Cidr, by: string): Promise<EndOfRelease | undefined> {
    const { ledger, tell } = this.#ports;
    const what = `${formatCidr(cidr)} no longer`;
    return this.#order(`release ${what}`, by, async () => {
      if (!ledger.overrides.endRelease(cidr)) return undefined;
      tell("released", `${what}; by ${by}`);
      this.#ports.state({ what: "release-ended", range: formatCidr(cidr) });
      await this.#protect();
      const about = this.#bansAbout(
        cidr,
        ({ held }) => held === undefined || held === RELEASED_HERE,
      );
      return { stillBy: this.#ports.guardedBy(cidr), ...about };
    });
  }

  /**
   * This host bans the range itself, until then; no cloud is asked.
   * @throws GuardHolds, LastsLonger, NotEnforced
   */
  ban(order: OwnBanOrder, by: string): Promise<OwnBan> {
    const { cidr, seconds, reason } = order;
    const what = `${formatCidr(cidr)} for ${seconds} s: ${reason}`;
    return this.#order(`ban ${what}`, by, async () => {
      const done = this.#ports.own.ban(order);
      await this.#ports.ownChanged();
      await this.#ports.enforce();
      return done;
    });
  }

  /** Takes back this host's own ban on exactly this range. @throws NotEnforced */
  lift(cidr: Cidr, by: string): Promise<OwnLift> {
    return this.#order(`lift ${formatCidr(cidr)}`, by, async () => {
      const done = this.#ports.own.lift(cidr);
      if (!done.done) return done;
      await this.#ports.ownChanged();
      await this.#ports.enforce();
      return done;
    });
  }

  /**
   * Makes the ruleset of an earlier revision the present one: by default that
   * before the newest order of the cloud that changed anything.
   * @throws OutOfReach, NoSuchOrder, NothingToRollBack, NotEnforced
   */
  rollBack(
    order: RollbackOrder,
    by: string,
    tell: Tell = silent,
  ): Promise<WentBack> {
    const { tell: report, enforce } = this.#ports;
    if (order.dryRun === true) return this.#rollbacks.goBack(order, tell);
    return this.#order(describedAs(order), by, async () => {
      const done = await this.#rollbacks.goBack(order, tell);
      const { to, withheld, putBack } = done;
      const what = `${withheld} ranges withheld, ${putBack} put back`;
      report("rolled-back", `to revision ${to}: ${what}; by ${by}`);
      const counts = { revision: to, withheld, putBack };
      this.#ports.state({ what: "rolled-back", ...counts });
      tell("waiting for the kernel");
      await enforce();
      return done;
    });
  }

  /** Lets feeds have their say again. @throws NotEnforced */
  undoRollbacks(by: string, tell: Tell = silent): Promise<RolledBack> {
    const { tell: report, enforce } = this.#ports;
    return this.#order("rollback --undo", by, async () => {
      const done = await this.#rollbacks.undo(tell);
      report("rolled-back", `no longer: ${done.withheld} ranges; by ${by}`);
      this.#ports.state({ what: "rollback-undone", ranges: done.withheld });
      tell("waiting for the kernel");
      await enforce();
      return done;
    });
  }

  /**
   * Has bans enforced whose trial failed, without another: all of them, or that on
   * exactly this range. @throws NotEnforced
   */
  confirm(range: Cidr | undefined, by: string): Promise<Confirmed> {
    const what = range === undefined ? "all" : formatCidr(range);
    return this.#order(`confirm ${what}`, by, async () => {
      const done = await this.#ports.confirm(range);
      if (done.confirmed > 0) {
        this.#ports.tell("confirmed", `${what}; by ${by}`);
        const of = range && { range: what };
        const bans = done.confirmed;
        this.#ports.state({ what: "confirmed", ...of, bans });
        await this.#ports.enforce();
      }
      return done;
    });
  }

  /** Goes on with a rollback that an earlier process left in the middle. */
  async goOn(): Promise<void> {
    if (await this.#rollbacks.goOn()) await this.#ports.enforce();
  }

  #bansAbout(cidr: Cidr, isMeant: (ban: DatedBan) => boolean): BansAbout {
    const { ledger } = this.#ports;
    const now = this.#now();
    const found = [
      ...ledger.bansOn(cidr, now),
      ...ledger.bansWithin(cidr, now, BANS_TOLD + 1),
    ].filter((ban) => !ban.observed && isMeant(ban));
    const bans = found.slice(0, BANS_TOLD).map((ban) => ({
      ...{ cidr: ban.cidr, feed: ban.feed },
    }));
    return { bans, more: found.length > BANS_TOLD };
  }

  async #protect(): Promise<void> {
    await this.#ports.protection.renew();
    void this.#ports.reviewAgain(); // which may take a while, and tells its failures
  }

  readonly #now = (): number => unixSeconds(this.#ports.clock.now());

  /** Kept before it is carried out, and what came of it afterwards. */
  async #order<T>(
    what: string,
    who: string,
    work: () => Promise<T>,
  ): Promise<T> {
    const { ledger, events } = this.#ports;
    const ended = ledger.overrides.note({ at: this.#now(), who, what });
    events.ordered(what, who);
    try {
      const done = await work();
      ended("done");
      return done;
    } catch (error) {
      const why = messageOf(error);
      const how = isUntimely(error) ? "refused" : "failed";
      ended(`${how}: ${why}`);
      throw error;
    }
  }
}

export interface ReleaseOrder {
  readonly cidr: Cidr;
  /** Undefined for good. */
  readonly seconds: number | undefined;
  readonly reason: string;
}

/** The guard's rule of what is released. */
const RELEASED_HERE = "released-here";

const BANS_TOLD = 20;
