import { setImmediate } from "node:timers";
import type { HealthCode } from "../../health/catalogue.js";
import { NOTHING_TOLD, take, type Told } from "../../health/happenings.js";
import {
  happeningItem,
  look,
  raisedEarlier,
  raisedIn,
  type Health,
  type Moment,
} from "../../health/health.js";
import { readInventory } from "../../host/inventory.js";
import { Vitals } from "../../host/vitals.js";
import type { Total } from "../../model/hit.js";
import { Malformed } from "../../protocol/malformed.js";
import type { ItemOf, TelemetryItem } from "../../protocol/telemetry.js";
import { calendar } from "../../runtime/calendar.js";
import { Mutex } from "../../runtime/mutex.js";
import { schedule } from "../../runtime/schedule.js";
import type { Fact } from "../../protocol/statement.js";
import { ResilientSpool } from "../../spool/resilient-spool.js";
import {
  Sender,
  type Listener,
  type TelemetryAck,
} from "../../spool/sender.js";
import type { Note } from "../../spool/spool.js";
import type { SpooledItem } from "../../spool/spooled-item.js";
import { HitsFold, restored, saved, unread } from "../../telemetry/hits.js";
import { LastHour, type LastHourView } from "../../telemetry/last-hour.js";
import { gistOf, inventoryItem, vitalsItem } from "../../telemetry/items.js";
import { HealthWatch } from "./health-watch.js";
import type { TelemetryPorts, TelemetryView } from "./telemetry-ports.js";

/**
 * What the host sees, on its way to the cloud: read on a schedule or reported by
 * sensors → digested → spooled → sent → acknowledged → forgotten. Whatever fails
 * on the way is told and tried again; nothing of it touches the bans.
 */
export class TelemetryWalk implements AsyncDisposable {
  readonly #ports: TelemetryPorts;
  readonly #spool: ResilientSpool;
  readonly #sender: Sender;
  readonly #health: HealthWatch;
  readonly #vitals = new Vitals();
  readonly #schedules: Disposable[];
  readonly #oneByOne = new Mutex();
  #reported: SpooledItem[] = [];
  /** What the kernel's counters were when they were read, and when that was. */
  #counted: ReturnType<typeof restored>;
  #isCounting = false;
  readonly #lastHour = new LastHour();
  #crowded = false;
  #wasWrong: Health | undefined;
  /** It was told, and no disk has taken note of that. */
  #isUnnoted = false;
  /** Of each kind of happening. */
  readonly #told = new Map<HealthCode, Told>();

  constructor(ports: TelemetryPorts) {
    const { path, clock, events } = ports;
    this.#ports = ports;
    this.#spool = new ResilientSpool({
      path,
      clock,
      events: {
        spoolFailed: (why) => events.spoolFailed(why),
        spoolRecovered: (why) => {
          events.spoolRecovered();
          this.raiseBriefly("spool-failing", `until now: ${String(why)}`);
        },
        spoolQuarantined: (folder, why) => {
          events.spoolQuarantined(folder, why);
          this.raiseBriefly("spool-quarantined", folder);
        },
      },
    });
    const spool = this.#spool.outbox;
    this.#sender = new Sender({ spool, clock, events });
    const crowded = () => this.#crowded;
    this.#health = new HealthWatch({ ...ports, spool: this.#spool, crowded });
    this.#schedules = this.#startSchedules();
    void this.#inBackground(this.#checkInventory);
  }

  /**
   * Counts hits now, and from now on every minute. The last thing to begin, since
   * attackers decide how much there is to read.
   */
  startCounting(): void {
    this.#isCounting = true;
    void this.#inBackground(this.#countHits);
    this.#schedules.push(this.#each(60_000, this.#countHits));
  }

  /**
   * Spools what a sensor saw, with all else that is reported in this turn of
   * the event loop: one write to the disk for all.
   */
  spoolItem(item: SpooledItem): void {
    if (this.#ports.agent === undefined) return;
    if (this.#reported.length >= MOST_REPORTED) {
      this.#spool.countDropped(1);
      return;
    }
    this.#reported.push(item);
    if (this.#reported.length === 1) setImmediate(() => this.#flush());
  }

  /** Has the device say what is other now than its receipts said. */
  state(fact: Fact): void {
    const { agent = "", mode, clock } = this.#ports;
    const who = { agent, time: Math.floor(clock.now()), mode: mode() };
    this.spoolItem({ kind: "statement", document: { ...fact, ...who } });
  }

  /** Takes note of something that went wrong at a moment, and is over. */
  raiseBriefly(code: HealthCode, detail: string): void {
    this.#health.happened(code, detail);
  }

  /**
   * Tells of something that is over, by itself. Beyond some of a kind in an hour
   * they are counted, and the next that is told says how many there were.
   */
  reportOnce(code: HealthCode, detail: string): void {
    const { clock, events } = this.#ports;
    const before = this.#told.get(code) ?? NOTHING_TOLD;
    const { told, tell, untold } = take(before, clock.monotonic());
    this.#told.set(code, told);
    if (!tell) return;
    const more = untold === 0 ? "" : `; ${untold} more before it`;
    const item = happeningItem(code, `${detail}${more}`, clock.now());
    events.healthHappened(code, item.text);
    this.spoolItem(item);
  }

  /** Looks at once, rather than within seconds, whether all is well. */
  lookAtHealth(): void {
    void this.#inBackground(this.#lookAtHealth);
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
      next: spool.next(this.#sender.takesStatements),
      inFlight: this.#sender.inFlight !== undefined,
    }));
  }

  /** What bans matched lately, these newest totals of the kernel included. */
  lastHour(totals: readonly Total[]): LastHourView {
    const now = this.#ports.clock.now();
    this.#lastHour.note(totals, now);
    return this.#lastHour.view(now);
  }

  /** What was counted and reported until now is spooled before it ends. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const each of this.#schedules) each[Symbol.dispose]();
    if (this.#isCounting) await this.#inBackground(this.#countHits);
    if (this.#isUnnoted && this.#wasWrong)
      this.#spoolHealth([], this.#wasWrong);
    this.#flush();
    this.#sender[Symbol.dispose]();
    this.#spool[Symbol.dispose]();
  }

  /** With jitter, so that not all hosts report at once. */
  #startSchedules(): Disposable[] {
    const { clock, random } = this.#ports;
    const minute = Math.floor(random() * 60);
    return [
      this.#each(600_000, this.#readVitals),
      calendar(
        `${minute} * * * *`,
        () => this.#inBackground(this.#checkInventory),
        clock,
      ),
      this.#each(LOOK_EVERY_MS, this.#lookAtHealth),
    ];
  }

  #each(everyMs: number, step: Step): Disposable {
    const firstMs = (1 - this.#ports.random()) * everyMs;
    return schedule({ everyMs, firstMs }, () => this.#inBackground(step));
  }

  /** How far was counted is kept with the item: nothing is told twice or lost. */
  readonly #countHits: Step = {
    name: "hits",
    run: async () => {
      const { enforcer, clock } = this.#ports;
      const counted = this.#counted ?? this.#countedEarlier();
      const fold = new HitsFold(counted?.baseline ?? unread);
      const totals = await enforcer.totals();
      const hits = await enforcer.hits();
      for await (const some of hits) fold.add(some);
      const now = clock.now();
      this.#lastHour.note(totals, now);
      const window = { from: counted?.at ?? now, to: now };
      const { item, baseline } = fold.finish(totals, window);
      this.#crowded = hits.crowded;
      if (item !== undefined || counted === undefined) {
        const text = saved(baseline, now);
        if (!this.#spoolNoting(item ? [item] : [], { key: "hits", text })) {
          return; // they are told with what comes next
        }
      }
      this.#counted = { baseline, at: now };
      this.#sender.offer();
      if (hits.crowded) await enforcer.makeRoom();
    },
  };

  readonly #readVitals: Step = {
    name: "vitals",
    run: async () => {
      const reading = await this.#vitals.read();
      const { ledger, clock } = this.#ports;
      const sensors = this.#ports.sensors();
      const counts = ledger.counts();
      this.spoolItem(vitalsItem(reading, counts, sensors, clock.now()));
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
      const before = this.#wasWrong ?? this.#wrongEarlier(at) ?? NOTHING_WRONG;
      const { health, items } = look(before, findings, at);
      if (items.length > 0 || this.#isUnnoted) this.#spoolHealth(items, health);
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
    const { agent, clock } = this.#ports;
    // A cloud that comes later is told how this host is then.
    if (agent === undefined && note.key !== "hits") return true;
    const done = this.#spool.write((spool) => {
      spool.appendNoting(agent === undefined ? [] : items, note, clock.now());
      return true;
    });
    return done ?? false;
  }

  #spoolHealth(items: readonly HealthItem[], health: Health): void {
    const { events } = this.#ports;
    const text = raisedIn(health).join(" ");
    this.#isUnnoted = !this.#spoolNoting(items, { key: "raised", text });
    if (this.#isUnnoted) this.#spool.keepInMind(items);
    for (const { code, state, text } of items) {
      if (state === "raised") events.healthRaised(code, text);
      else events.healthCleared(code);
    }
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

  /** One of the items is malformed, which refuses all: each is tried by itself. */
  #spoolOneByOne(items: readonly SpooledItem[]): void {
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

/** What an earlier life had told is not known: what is wrong now is told. */
const NOTHING_WRONG: Health = new Map();

type HealthItem = ItemOf<"health">;

const LOOK_EVERY_MS = 15_000;

/** In one turn of the event loop; what comes beyond is counted as lost. */
const MOST_REPORTED = 10_000;
