import { setImmediate } from "node:timers";
import { calendar } from "./calendar.js";
import type { Clock } from "./clock.js";
import type { Enforcer, Posture } from "./enforce/enforcer.js";
import type { AgentEvents } from "./events.js";
import { HealthWatch } from "./health-watch.js";
import type { HealthCode } from "./health/catalogue.js";
import { NOTHING_TOLD, take, type Told } from "./health/happenings.js";
import {
  happeningItem,
  look,
  raisedEarlier,
  raisedIn,
  type Findings,
  type Health,
  type Moment,
} from "./health/health.js";
import type { Verdict } from "./health/verdict.js";
import { readInventory } from "./host/inventory.js";
import { Vitals } from "./host/vitals.js";
import type { Ledger } from "./ledger/ledger.js";
import type { LinkStatus } from "./link-status.js";
import { isOfProof } from "./model/proof.js";
import { Mutex } from "./mutex.js";
import { Malformed } from "./protocol/malformed.js";
import type { ItemOf, TelemetryItem } from "./protocol/telemetry.js";
import { schedule } from "./schedule.js";
import { SpoolKeeper } from "./spool/keeper.js";
import { Sender, type Listener, type TelemetryAck } from "./spool/sender.js";
import type { Note, SpoolCounts, TelemetryMessage } from "./spool/spool.js";
import { hitsItem, restored, saved, since, unread } from "./telemetry/hits.js";
import { gistOf, inventoryItem, vitalsItem } from "./telemetry/items.js";

export interface TelemetryPorts {
  /** Of the spool's SQLite file. */
  readonly path: string;
  readonly version: string;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly events: AgentEvents;
  readonly enforcer: Pick<Enforcer, "hits" | "rejects">;
  /** What becomes of banned egress, as it was configured. */
  readonly egress: Posture["egress"];
  readonly ledger: Pick<Ledger, "counts">;
  readonly link: Pick<LinkStatus, "state">;
  /** Who keeps undoing the bans, if anybody does. */
  readonly contested: () => string | undefined;
  /** What this host does with its bans. */
  readonly verdict: () => Promise<Verdict>;
  /** What is wrong with what the cloud signs. */
  readonly trust: () => Findings;
}

/** What `tourniquet telemetry show` tells; undefined while no spool is open. */
export interface TelemetryView extends SpoolCounts {
  readonly spool: string;
  /** The message that is sent next, or is under way: exactly what leaves. */
  readonly next: TelemetryMessage | undefined;
  /** Whether it is under way. */
  readonly inFlight: boolean;
}

/**
 * What the host sees, on its way to the cloud: read on a schedule or reported by
 * sensors → digested → spooled → sent → acknowledged → forgotten. Whatever fails
 * on the way is told and tried again; nothing of it touches the bans.
 */
export class TelemetryWalk implements AsyncDisposable {
  readonly #ports: TelemetryPorts;
  readonly #spool: SpoolKeeper;
  readonly #sender: Sender;
  readonly #health: HealthWatch;
  readonly #vitals = new Vitals();
  readonly #schedules: readonly Disposable[];
  readonly #oneByOne = new Mutex();
  #reported: TelemetryItem[] = [];
  /** What the kernel's counters were when they were read, and when that was. */
  #counted: ReturnType<typeof restored>;
  #wasWrong: Health | undefined;
  /** Of each kind of happening. */
  readonly #told = new Map<HealthCode, Told>();

  constructor(ports: TelemetryPorts) {
    const { path, clock, events } = ports;
    this.#ports = ports;
    this.#spool = new SpoolKeeper({
      path,
      clock,
      events: {
        spoolFailed: (why) => events.spoolFailed(why),
        spoolRecovered: (why) => {
          events.spoolRecovered();
          this.happened("spool-failing", `until now: ${String(why)}`);
        },
        spoolQuarantined: (folder, why) => {
          events.spoolQuarantined(folder, why);
          this.happened("spool-quarantined", folder);
        },
      },
    });
    this.#sender = new Sender({ spool: this.#spool, clock, events });
    this.#health = new HealthWatch({ ...ports, spool: this.#spool });
    this.#schedules = this.#startSchedules();
    for (const step of [this.#countHits, this.#checkInventory]) {
      void this.#inBackground(step);
    }
  }

  /**
   * Spools what a sensor saw, with all else that is reported in this turn of
   * the event loop: one write to the disk for all.
   */
  report(item: TelemetryItem): void {
    if (this.#reported.length >= MOST_REPORTED) {
      this.#spool.lose(1);
      return;
    }
    this.#reported.push(item);
    if (this.#reported.length === 1) setImmediate(() => this.#flush());
  }

  /** Takes note of something that went wrong at a moment, and is over. */
  happened(code: HealthCode, detail: string): void {
    this.#health.happened(code, detail);
  }

  /**
   * Tells of something that is over, by itself. Beyond some of a kind in an hour
   * they are counted, and the next that is told says how many there were.
   */
  tellOf(code: HealthCode, detail: string): void {
    const { clock, events } = this.#ports;
    const before = this.#told.get(code) ?? NOTHING_TOLD;
    const { told, tell, untold } = take(before, clock.monotonic());
    this.#told.set(code, told);
    if (!tell) return;
    const more = untold === 0 ? "" : `; ${untold} more before it`;
    const item = happeningItem(code, `${detail}${more}`, clock.now());
    events.healthHappened(code, item.text);
    this.report(item);
  }

  /** Sends over this session from now on. */
  sayTo(session: Listener): void {
    this.#sender.sayTo(session);
  }

  /** The cloud has these items for good. */
  acknowledged(ack: TelemetryAck): void {
    this.#sender.acknowledged(ack);
  }

  view(): TelemetryView | undefined {
    return this.#spool.read((spool) => ({
      spool: spool.id,
      ...spool.counts(),
      next: spool.next(),
      inFlight: this.#sender.inFlight !== undefined,
    }));
  }

  /** What was counted and reported until now is spooled before it ends. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const each of this.#schedules) each[Symbol.dispose]();
    await this.#inBackground(this.#countHits);
    this.#flush();
    this.#sender[Symbol.dispose]();
    this.#spool[Symbol.dispose]();
  }

  /** At moments that differ from host to host, lest all speak at once. */
  #startSchedules(): readonly Disposable[] {
    const { clock, random } = this.#ports;
    const minute = Math.floor(random() * 60);
    const each = (everyMs: number, step: Step) =>
      schedule({ everyMs, firstMs: (1 - random()) * everyMs }, () =>
        this.#inBackground(step),
      );
    return [
      each(60_000, this.#countHits),
      each(600_000, this.#readVitals),
      calendar(
        `${minute} * * * *`,
        () => this.#inBackground(this.#checkInventory),
        clock,
      ),
      each(LOOK_EVERY_MS, this.#lookAtHealth),
    ];
  }

  /** How far was counted is kept with the item: nothing is told twice or lost. */
  readonly #countHits: Step = {
    name: "hits",
    run: async () => {
      const hits = await this.#ports.enforcer.hits();
      const counters = hits.filter((hit) => !isOfProof(hit));
      const now = this.#ports.clock.now();
      const counted = this.#counted ?? this.#countedEarlier();
      const { fresh, baseline } = since(counted?.baseline ?? unread, counters);
      const item = hitsItem(fresh, { from: counted?.at ?? now, to: now });
      if (item !== undefined || counted === undefined) {
        const text = saved(baseline, now);
        if (!this.#spoolNoting(item ? [item] : [], { key: "hits", text })) {
          return; // they are told with what comes next
        }
      }
      this.#counted = { baseline, at: now };
      this.#sender.offer();
    },
  };

  readonly #readVitals: Step = {
    name: "vitals",
    run: async () => {
      const reading = await this.#vitals.read();
      const { ledger, clock } = this.#ports;
      this.report(vitalsItem(reading, ledger.counts(), clock.now()));
    },
  };

  /** Said again only when it changed since it was last spooled. */
  readonly #checkInventory: Step = {
    name: "inventory",
    run: async () => {
      const { version, clock } = this.#ports;
      const now = clock.now();
      const item = inventoryItem({ ...(await readInventory()), version }, now);
      const text = gistOf(item);
      const said = this.#spool.read((spool) => spool.note("inventory") ?? "");
      if (said === text) return;
      this.#spoolNoting([item], { key: "inventory", text });
      this.#sender.offer();
    },
  };

  readonly #lookAtHealth: Step = {
    name: "health",
    run: async () => {
      const { clock } = this.#ports;
      const at = { now: clock.now(), monotonic: clock.monotonic() };
      const findings = await this.#health.findings();
      const before = this.#wasWrong ?? this.#wrongEarlier(at);
      if (before === undefined) return;
      const { health, items } = look(before, findings, at);
      if (items.length > 0 && !this.#spoolHealth(items, health)) return;
      this.#wasWrong = health;
      this.#sender.offer();
    },
  };

  /** What an earlier life of the agent had raised is cleared by this one. */
  #wrongEarlier(at: Moment): Health | undefined {
    return this.#spool.read((spool) =>
      raisedEarlier((spool.note("raised") ?? "").split(" "), at),
    );
  }

  /** What an earlier life of the agent had told of the kernel's counters. */
  #countedEarlier(): ReturnType<typeof restored> {
    return this.#spool.read((spool) => restored(spool.note("hits") ?? ""));
  }

  /** False when nothing was kept of it: then it is found anew later. */
  #spoolNoting(items: readonly TelemetryItem[], note: Note): boolean {
    const done = this.#spool.write((spool) => {
      spool.appendNoting(items, note, this.#ports.clock.now());
      return true;
    });
    return done ?? false;
  }

  #spoolHealth(items: readonly HealthItem[], health: Health): boolean {
    const { events } = this.#ports;
    const text = raisedIn(health).join(" ");
    if (!this.#spoolNoting(items, { key: "raised", text })) return false;
    for (const { code, state, text } of items) {
      if (state === "raised") events.healthRaised(code, text);
      else events.healthCleared(code);
    }
    return true;
  }

  #flush(): void {
    const items = this.#reported;
    this.#reported = [];
    if (items.length === 0) return;
    try {
      this.#spool.append(items);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      this.#spoolOneByOne(items);
    }
    this.#sender.offer();
  }

  /** One of them is none; the others are not to suffer for it. */
  #spoolOneByOne(items: readonly TelemetryItem[]): void {
    for (const item of items) {
      try {
        this.#spool.append([item]);
      } catch (error) {
        this.#ports.events.telemetryFailed(item.kind, error);
      }
    }
  }

  /**
   * Runs a step after those that came before, and tells when it failed: readings
   * that overtake each other would count what was dropped twice.
   */
  #inBackground({ name, run }: Step): Promise<void> {
    return this.#oneByOne.run(run).catch((error: unknown) => {
      this.#ports.events.telemetryFailed(name, error);
    });
  }
}

interface Step {
  readonly name: string;
  readonly run: () => Promise<void>;
}

type HealthItem = ItemOf<"health">;

const LOOK_EVERY_MS = 15_000;

/** In one turn of the event loop; what comes beyond is counted as lost. */
const MOST_REPORTED = 10_000;
