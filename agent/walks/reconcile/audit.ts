import { setImmediate as nextTurn } from "node:timers/promises";
import type { Damage, Disturbance } from "../../enforce/disturbance.js";
import type { Inspection } from "../../enforce/enforcer.js";
import type { AgentEvents } from "../../events/events.js";
import type { Ledger } from "../../ledger/ledger.js";
import { entriesIn, type Block } from "../../model/block.js";
import type { Cidr } from "../../model/cidr.js";
import type { Entry } from "../../model/ruleset.js";
import {
  unixSeconds,
  type BanClock,
  type UnixSeconds,
} from "../../runtime/clock.js";
import { Mutex } from "../../runtime/mutex.js";
import type { Reconciler } from "./reconciler.js";

export interface AuditPorts {
  readonly ledger: Pick<
    Ledger,
    "id" | "revision" | "entries" | "effective" | "counts"
  >;
  readonly enforcer: Pick<Inspection, "inspect" | "compare" | "listEntries">;
  readonly reconciler: Pick<Reconciler, "whileStill">;
  /** Somebody must have done this unheard. */
  disturbed(disturbance: Disturbance): void;
  /** Returns once the kernel has the ledger's ruleset, as far as its label says. */
  readonly enforce: () => Promise<void>;
  /** Repairs what nobody did: an expiry that clocks have moved. */
  repair(damage: Damage): Promise<void>;
  readonly clock: Pick<BanClock, "now">;
  readonly events: Pick<AgentEvents, "auditFailed">;
}

/** What the audit has done since the start. Times are milliseconds since 1970. */
export interface AuditView {
  /** Looks at all but the bans, and at what should not be there. */
  readonly looks: number;
  readonly lookedAt: number | null;
  /** Rounds through all the bans, each looked up in the kernel. */
  readonly rounds: number;
  readonly roundEndedAt: number | null;
  /** Bans looked up. */
  readonly checked: number;
  /** Differences that were found and put right. */
  readonly found: number;
  /** Expiries that were put right. */
  readonly redated: number;
}

const NOT_AUDITED: AuditView = {
  ...{ looks: 0, lookedAt: null, rounds: 0, roundEndedAt: null },
  ...{ checked: 0, found: 0, redated: 0 },
};

/**
 * Compares the kernel with the ledger, whatever was heard or not: all around the
 * bans by content; all that small sets hold; and every ban, by looking it up, in
 * slices that go round and round. What differs is put right like a disturbance.
 */
export class Audit implements AsyncDisposable {
  readonly #ports: AuditPorts;
  readonly #turns = new Mutex();
  #stopping = false;
  /** Found since it was last told. */
  readonly #missing: Cidr[] = [];
  #round: Iterator<readonly Block[]> | undefined;
  #atOnce: Promise<void> | undefined;
  #view = NOT_AUDITED;

  constructor(ports: AuditPorts) {
    this.#ports = ports;
  }

  get view(): AuditView {
    return this.#view;
  }

  /** Looks at everything but the bans themselves, and in a set for bans too many. */
  look(): Promise<void> {
    return this.#look(this.#view.looks);
  }

  #look(turn: number | undefined): Promise<void> {
    return this.#inTurn(async () => {
      await this.#ports.enforce();
      await this.#inspect();
      await this.#findStrangers(turn);
      const { looks } = this.#view;
      const lookedAt = this.#ports.clock.now();
      this.#view = { ...this.#view, looks: looks + 1, lookedAt };
    });
  }

  /** Looks the next bans up: a million take about an hour at one step in 10 s. */
  step(): Promise<void> {
    return this.#inTurn(async () => {
      for (let done = 0; done < RANGES_A_STEP; done += RANGES_AT_ONCE) {
        if (!(await this.#compareSome())) break;
      }
      this.#tellMissing();
    });
  }

  /** All of it at once, since something may have been missed. */
  everything(): Promise<void> {
    this.#atOnce ??= this.#everything().finally(() => {
      this.#atOnce = undefined;
    });
    return this.#atOnce;
  }

  /** Waits for the slice under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true;
    await this.#turns.idle();
  }

  async #everything(): Promise<void> {
    await this.#look(undefined);
    await this.#inTurn(async () => {
      this.#round = undefined;
      while (await this.#compareSome()) await nextTurn();
      this.#tellMissing();
    });
  }

  async #inspect(): Promise<void> {
    const faults = await this.#ports.reconciler.whileStill(() =>
      this.#ports.enforcer.inspect(),
    );
    if (faults.length === 0) return;
    const some = faults.slice(0, MOST_NAMED).join(", ");
    this.#found(faults.length, {
      depth: "rules",
      ranges: [],
      what: `found changed: ${some}${faults.length > MOST_NAMED ? ", …" : ""}`,
    });
  }

  /** What stands in small sets and is no ban; in large ones it costs too much. */
  async #findStrangers(turn: number | undefined): Promise<void> {
    const { ledger, enforcer, clock } = this.#ports;
    const total = ledger.counts().reduce((sum, { bans }) => sum + bans, 0);
    const suspects: Entry[] = [];
    const listing = { most: MOST_LISTED, total, turn };
    for await (const slice of enforcer.listEntries(listing)) {
      const now = unixSeconds(clock.now());
      const lasting = slice.filter((each) => each.expiresAt > now + SOON_S);
      suspects.push(...lasting.filter((each) => !this.#isDue(each, now)));
      if (this.#stopping || suspects.length > MOST_SUSPECTS) break;
    }
    if (suspects.length > 0) await this.#confirmStrangers(suspects);
  }

  /** Looks again while nothing changes: a ban may have been lifted meanwhile. */
  async #confirmStrangers(suspects: readonly Entry[]): Promise<void> {
    const { ledger, enforcer, reconciler, clock } = this.#ports;
    const strangers = await reconciler.whileStill(async () => {
      const now = unixSeconds(clock.now());
      const label = { ledger: ledger.id, revision: ledger.revision() };
      const asked = suspects
        .filter((each) => !this.#isDue(each, now))
        .slice(0, RANGES_AT_ONCE);
      const differences = await enforcer.compare(label, asked);
      if (differences === undefined) return [];
      const absent = new Set(differences.missing);
      return asked.map(({ cidr }) => cidr).filter((each) => !absent.has(each));
    });
    if (strangers.length === 0) return;
    const what = `found ${strangers.length} bans that nobody ordered`;
    const damage = { depth: "entries", ranges: strangers } as const;
    this.#found(strangers.length, { ...damage, what });
  }

  #isDue({ cidr, observed }: Entry, now: UnixSeconds): boolean {
    const due = this.#ports.ledger.effective(cidr, now);
    return due.some((each) => each.observed === observed);
  }

  /** Compares the next slice; false when that was the last of the round. */
  async #compareSome(): Promise<boolean> {
    if (this.#stopping) return false;
    const { ledger, enforcer, reconciler, clock } = this.#ports;
    const { differences, count } = await reconciler.whileStill(async () => {
      const now = unixSeconds(clock.now());
      this.#round ??= ledger.entries(RANGES_AT_ONCE, now)[Symbol.iterator]();
      const slice = this.#round.next();
      if (slice.done === true) return { differences: undefined, count: 0 };
      const label = { ledger: ledger.id, revision: ledger.revision() };
      const entries = slice.value.flatMap((block) => [...entriesIn(block)]);
      const lasting = entries.filter((e) => e.expiresAt > now + SOON_S);
      return {
        differences: await enforcer.compare(label, lasting),
        count: entries.length,
      };
    });
    if (count === 0) return this.#endRound();
    this.#view = { ...this.#view, checked: this.#view.checked + count };
    if (differences === undefined) return true;
    this.#missing.push(...differences.missing);
    await this.#redate(differences.misdated);
    // So many are not put back one by one: the whole ruleset is built anew.
    return this.#missing.length <= MOST_MISSING || this.#endRound();
  }

  #endRound(): false {
    this.#round = undefined;
    const rounds = this.#view.rounds + 1;
    const roundEndedAt = this.#ports.clock.now();
    this.#view = { ...this.#view, rounds, roundEndedAt };
    return false;
  }

  /** Tells at once of all that is missing: it is one thing that happened. */
  #tellMissing(): void {
    const missing = this.#missing.splice(0);
    if (missing.length === 0) return;
    const isTooMuch = missing.length > MOST_MISSING;
    this.#found(missing.length, {
      depth: isTooMuch ? "bans" : "entries",
      ranges: isTooMuch ? [] : missing,
      what: `found ${isTooMuch ? "at least " : ""}${missing.length} bans missing`,
    });
  }

  async #redate(misdated: readonly Cidr[]): Promise<void> {
    if (misdated.length === 0) return;
    const redated = this.#view.redated + misdated.length;
    this.#view = { ...this.#view, redated };
    await this.#ports.repair({ depth: "entries", ranges: misdated });
  }

  #found(count: number, found: Omit<Disturbance, "by">): void {
    this.#view = { ...this.#view, found: this.#view.found + count };
    this.#ports.disturbed({ ...found, by: undefined });
  }

  /** One at a time; what fails is tried again when it is next due. */
  #inTurn(task: () => Promise<void>): Promise<void> {
    return this.#turns.run(async () => {
      if (this.#stopping) return;
      try {
        await task();
      } catch (error) {
        this.#ports.events.auditFailed(error);
      }
    });
  }
}

/** Ranges looked up at once, each with two entries at most: a few milliseconds. */
const RANGES_AT_ONCE = 128;

const RANGES_A_STEP = 22 * RANGES_AT_ONCE;

/** Sets up to here are listed: 20,000 elements take the kernel some 15 ms. */
const MOST_LISTED = 20_000;

/** Of these each is put back; beyond, everything counts as lost. */
const MOST_MISSING = 512;

/** Those found too many at one look; the next finds the others. */
const MOST_SUSPECTS = 256;

/** What ends so soon may be gone before it is looked at. */
const SOON_S = 6;

/** So that a line does not get long. */
const MOST_NAMED = 4;
