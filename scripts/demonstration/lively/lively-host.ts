import type { Op } from "../../../agent/model/ban.js";
import { formatCidr, overlaps, parseCidr } from "../../../agent/model/cidr.js";
import type { FeedName } from "../../../agent/model/position.js";
import { RING_WAITS } from "../../../agent/model/rings.js";
import type { TelemetryItem } from "../../../agent/protocol/telemetry.js";
import { ringOf } from "../../../agent/trust/ring.js";
import type { Enrolled } from "../../../test/support/cloud/cloud.js";
import type { Batch, Batches } from "../../lab/batch.js";
import {
  SimulatedHost,
  type Impact,
  type Taken,
} from "../../lab/simulated-host.js";
import type { HostCast } from "./cast.js";
import { Chance } from "./chance.js";
import * as items from "./items.js";

export interface LivelyHostPorts {
  readonly cloud: { readonly url: string; readonly ca: string | undefined };
  readonly batches: Batches;
  readonly chance: Chance;
}

/** One simulated host, with a temper of its own. */
export class LivelyHost implements Disposable {
  readonly cast: HostCast;
  readonly agent: string;
  readonly #link: SimulatedHost;
  readonly #chance: Chance;
  /** It comes back by itself unless it was cut off. */
  #isWanted = false;
  #back: NodeJS.Timeout | undefined;
  #bans = 0;

  constructor(cast: HostCast, who: Enrolled, ports: LivelyHostPorts) {
    const { cloud, batches, chance } = ports;
    this.cast = cast;
    this.agent = who.agent;
    this.#chance = chance;
    const { agent, key } = who;
    const as = { ...cloud, agent, key, version: cast.version };
    this.#link = new SimulatedHost(as, batches, {
      takes: (batch) => this.#takes(batch),
      impact: (ranges) => this.#impact(ranges),
      welcomed: () => this.#begins(),
    });
  }

  get isThere(): boolean {
    return this.#link.isThere;
  }

  async join(): Promise<void> {
    this.#isWanted = true;
    await this.#link.connect();
  }

  /** Takes its cable out, until it joins again. */
  cutOff(): void {
    this.#isWanted = false;
    clearTimeout(this.#back);
    this.#link.leave();
  }

  /** False where it is not there: it comes back soon, if it is to. */
  report(...said: readonly TelemetryItem[]): boolean {
    if (this.#link.report(...said)) return true;
    if (this.#isWanted) this.#comeBack();
    return false;
  }

  /** Says that it did not take something in, in its own words. */
  refuse(feed: FeedName, detail: string): void {
    this.#link.refuse(feed, detail);
  }

  vitals(): TelemetryItem {
    return items.vitals(this.#bans, this.#chance);
  }

  [Symbol.dispose](): void {
    this.cutOff();
  }

  #comeBack(): void {
    clearTimeout(this.#back);
    this.#back = setTimeout(
      () => {
        this.#link.connect().catch(() => this.#isWanted && this.#comeBack());
      },
      this.#chance.whole(500, 3_000),
    );
  }

  /** What a host says of itself when it is there. */
  #begins(): void {
    const { cast } = this;
    this.report(items.inventory(cast), this.vitals());
    if (cast.temper === "observing") this.report(OBSERVING);
    if (cast.temper === "unwell") {
      this.report(items.raised(this.#chance.oneOf(AILMENTS)));
    }
  }

  #takes(batch: Batch): Taken {
    const ops = batch.ops();
    const held = ops.flatMap((op) => this.#held(op));
    const bans = ops.filter(({ op }) => op === "ban").length;
    const lifted = ops.length - bans;
    const isObserving = this.cast.temper === "observing";
    const observed = ops.filter((op) => op.op === "ban" && op.observed).length;
    this.#bans = Math.max(0, this.#bans + bans - held.length - lifted);
    return {
      afterMs: this.#afterMs(),
      mode: isObserving ? "observe" : "enforce",
      counts: { banned: bans - held.length, observed, lifted },
      held,
    };
  }

  #held(op: Op): Taken["held"] {
    if (op.op === "lift") return [];
    const range = formatCidr(op.cidr);
    const notBefore = op.rings?.[ringOf(this.agent)] ?? 0;
    if (notBefore * 1_000 > Date.now()) return [{ range, rule: RING_WAITS }];
    if (this.cast.temper !== "holding") return [];
    // Its operator lets somebody in whom others ban: one in three, whoever it is.
    const [last = 0] = op.cidr.address.slice(-1);
    return last % 3 === 0 ? [{ range, rule: this.cast.heldBy ?? HELD_BY }] : [];
  }

  #afterMs(): number {
    if (this.cast.temper === "slow") return this.#chance.whole(2_000, 5_000);
    return this.#chance.happens(0.9)
      ? this.#chance.whole(15, 180)
      : this.#chance.whole(180, 900);
  }

  /** Many here have to do with whoever is in `SHARED`, and few with others. */
  #impact(ranges: readonly string[]): Impact {
    const isShared = ranges.some((range) => overlaps(parseCidr(range), SHARED));
    const own = new Chance(Buffer.from(this.agent).readUInt32BE(4));
    if (!isShared || own.part() > 0.4) return NOTHING_CUT;
    const recent = own.whole(1, 6);
    const live = Math.min(recent, own.whole(0, 2));
    return { live, liveBegun: live, recent, recentBegun: recent };
  }
}

/** Behind it are many, such as at a provider's proxies. */
const SHARED = parseCidr("198.51.100.248/29");

const NOTHING_CUT = { live: 0, liveBegun: 0, recent: 0, recentBegun: 0 };

const HELD_BY = "allowed-here";

const OBSERVING = items.raised("observing");

const AILMENTS = ["sensor-blind", "disk-reserve", "not-enforcing"] as const;
