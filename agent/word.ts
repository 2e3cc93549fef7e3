import { unixSeconds, type Clock } from "./clock.js";
import type { AgentEvents } from "./events.js";
import type { HealthCode } from "./health/catalogue.js";
import { ObservesAlready, type ModeSwitch } from "./mode-switch.js";
import type { Ledger } from "./ledger/ledger.js";
import { OutOfReach } from "./ledger/history.js";
import { TooManyReleases } from "./ledger/releases.js";
import type { RolledBack } from "./ledger/rollback.js";
import { formatCidr, type Cidr } from "./model/cidr.js";
import type { Mode } from "./model/mode.js";
import type { Protection } from "./protection.js";

export interface WordPorts {
  readonly mode: Pick<ModeSwitch, "turnTo" | "pause">;
  readonly ledger: Pick<Ledger, "word">;
  readonly protection: Pick<Protection, "renew">;
  /** By whose time bans, releases and pauses run out. */
  readonly clock: Pick<Clock, "now">;
  readonly events: Pick<AgentEvents, "ordered">;
  /** The guard's rule that would hold a ban on this range. */
  guardedBy(cidr: Cidr): string | undefined;
  /** Returns once the kernel is as the ledger says. */
  enforce(): Promise<void>;
  /** Shows the recorded bans to the guard as it is now. */
  reviewAgain(): Promise<void>;
  /** Lets bans whose trial failed into force, and returns how many. */
  confirm(range: Cidr | undefined): Promise<number>;
  /** Tells the cloud, once there is a link. */
  readonly tell: (code: HealthCode, what: string) => void;
}

/** Where a rollback went to, and what it did. */
export interface WentBack extends RolledBack {
  /** The revision whose ruleset is in force again. */
  readonly to: number;
}

/** Nothing is left that could be rolled back without saying how far. */
export class NothingToRollBack extends Error {
  override readonly name = "NothingToRollBack";

  constructor() {
    super("no change is kept that could be rolled back");
  }
}

/** Whether an order makes no sense as things are, rather than that it failed. */
export const isUntimely = (error: unknown): error is Error =>
  error instanceof ObservesAlready ||
  error instanceof OutOfReach ||
  error instanceof TooManyReleases ||
  error instanceof NothingToRollBack;

/**
 * The last word of this host's operator, over whatever a cloud says and without
 * needing one. Each order is kept with who gave it, logged, and told the cloud;
 * it is in force when its method returns. `by` is who gives it.
 */
export class Word {
  readonly #ports: WordPorts;

  constructor(ports: WordPorts) {
    this.#ports = ports;
  }

  /** @throws NotEnforced */
  async turnTo(mode: Mode, by: string): Promise<void> {
    this.#note(mode, by);
    await this.#ports.mode.turnTo(mode);
  }

  /** Until when, in Unix seconds. @throws ObservesAlready, NotEnforced */
  async pause(seconds: number, by: string): Promise<number> {
    this.#note(`pause for ${seconds} s`, by);
    return this.#ports.mode.pause(seconds);
  }

  /**
   * No ban touches the range for so many seconds: the kernel lets it pass from now
   * on, and its bans are held in the course of some seconds.
   * @throws TooManyReleases, NotEnforced
   */
  async release(
    { cidr, seconds, reason }: ReleaseOrder,
    by: string,
  ): Promise<void> {
    const { ledger, clock, tell } = this.#ports;
    const since = unixSeconds(clock.now());
    const what = `${formatCidr(cidr)} for ${seconds} s: ${reason}`;
    this.#note(`release ${what}`, by);
    ledger.word.release({ cidr, since, until: since + seconds, reason });
    tell("released", `${what}; by ${by}`);
    await this.#protect();
  }

  /** False when exactly this range is not released. @throws NotEnforced */
  async endRelease(cidr: Cidr, by: string): Promise<boolean> {
    const { ledger, tell } = this.#ports;
    const what = `${formatCidr(cidr)} no longer`;
    this.#note(`release ${what}`, by);
    if (!ledger.word.endRelease(cidr)) return false;
    tell("released", `${what}; by ${by}`);
    await this.#protect();
    return true;
  }

  /**
   * Makes the ruleset of an earlier revision the present one: by default that
   * before the newest order that changed anything.
   * @throws OutOfReach, NothingToRollBack, NotEnforced
   */
  async rollBack(revision: number | undefined, by: string): Promise<WentBack> {
    const { ledger, clock, tell } = this.#ports;
    const to = revision ?? ledger.word.reach().last;
    if (to === undefined) throw new NothingToRollBack();
    this.#note(`rollback to ${to}`, by);
    const now = unixSeconds(clock.now());
    const done = ledger.word.rollBack({
      ...{ revision: to, now, until: now + WITHHELD_S },
      guardedBy: (cidr) => this.#ports.guardedBy(cidr),
    });
    const { withheld, putBack } = done;
    tell(
      "rolled-back",
      `to revision ${to}: ${withheld} ranges withheld, ${putBack} put back; by ${by}`,
    );
    await this.#ports.enforce();
    return { ...done, to };
  }

  /** Lets feeds have their say again. @throws NotEnforced */
  async undoRollbacks(by: string): Promise<RolledBack> {
    const { ledger, clock, tell } = this.#ports;
    this.#note("rollback --undo", by);
    const done = ledger.word.undoRollbacks(unixSeconds(clock.now()));
    tell("rolled-back", `no longer: ${done.withheld} ranges; by ${by}`);
    await this.#ports.enforce();
    return done;
  }

  /**
   * Has bans enforced whose trial failed, without another: all of them, or that on
   * exactly this range. Returns how many there were. @throws NotEnforced
   */
  async confirm(range: Cidr | undefined, by: string): Promise<number> {
    const what = range === undefined ? "all" : formatCidr(range);
    this.#note(`confirm ${what}`, by);
    const confirmed = await this.#ports.confirm(range);
    if (confirmed > 0) this.#ports.tell("confirmed", `${what}; by ${by}`);
    return confirmed;
  }

  async #protect(): Promise<void> {
    await this.#ports.protection.renew();
    void this.#ports.reviewAgain(); // which may take a while, and tells its failures
  }

  /** Before it is carried out: what fails was ordered all the same. */
  #note(what: string, who: string): void {
    const { ledger, clock, events } = this.#ports;
    ledger.word.note({ at: unixSeconds(clock.now()), who, what });
    events.ordered(what, who);
  }
}

export interface ReleaseOrder {
  readonly cidr: Cidr;
  readonly seconds: number;
  readonly reason: string;
}

/** What was rolled back waits for so long unless somebody decides. */
const WITHHELD_S = 7 * 86_400;
