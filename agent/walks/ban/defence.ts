import type { Config } from "../../config/config.js";
import type { AgentEvents } from "../../events/events.js";
import type { HostFacts } from "../../guard/facts.js";
import { ownBan, reviewBan } from "../../guard/guard.js";
import type { HealthCode } from "../../health/catalogue.js";
import type { Findings } from "../../health/health.js";
import { formatCidr, type Cidr } from "../../model/cidr.js";
import type { ReviewedBan } from "../../model/reviewed.js";
import { limits } from "../../protocol/limits.js";
import type { ItemOf } from "../../protocol/telemetry.js";
import {
  unixSeconds,
  type Clock,
  type UnixSeconds,
} from "../../runtime/clock.js";
import { RecentMap } from "../../sensors/recent-map.js";
import { RepeatOffenders } from "../../sensors/repeat-offenders.js";
import type { SensorFindings, SensorView } from "../../sensors/sensor-view.js";
import {
  SshdSensor,
  type Detection,
  type SensorEvents,
} from "../../sensors/sshd-sensor.js";

export interface DefencePorts {
  readonly config: Config;
  readonly ledger: {
    recordLocal(bans: readonly ReviewedBan[], now: UnixSeconds): unknown;
  };
  facts(): HostFacts;
  /** Returns once the kernel holds what the ledger says. */
  enforce(): Promise<void>;
  report(item: ItemOf<"detection">): void;
  readonly clock: Clock;
  /** Milliseconds since 1970, by the time that bans expire by. */
  banTime(): number;
  readonly events: SensorEvents & Pick<AgentEvents, "defended" | "notDefended">;
}

/** What there is to see of the sensors, whether or not any runs. */
export interface Sensing {
  view(): readonly SensorView[];
  findings(): SensorFindings | undefined;
}

/** What sshd's sensor goes by, and for how long who it finds is banned first. */
export type DefenceTerms = Pick<
  Config["sensors"]["sshd"],
  "maxretry" | "findtimeSeconds" | "bantimeSeconds"
>;

/**
 * The host defends itself by what its own logs say, with no cloud at all.
 * @param terms asked anew each time: what was counted stays where they change
 */
export function startDefence(
  ports: DefencePorts,
  terms: () => DefenceTerms,
): Sensing & AsyncDisposable {
  const { config, clock, events } = ports;
  const settings = config.sensors.sshd;
  if (!settings.enabled) return NO_DEFENCE;
  const defence = new Defence(ports, () => terms().bantimeSeconds);
  return new SshdSensor({
    settings,
    thresholds: terms,
    translators: config.guard.translators,
    clock,
    events,
    detected: (detections) => defence.against(detections),
  });
}

/** The sensors, for who asks before they are there. */
export class Senses {
  #of: Sensing = NO_DEFENCE;

  /** Returns what it is told to look at. */
  watch<Of extends Sensing>(of: Of): Of {
    this.#of = of;
    return of;
  }

  view(): readonly SensorView[] {
    return this.#of.view();
  }

  /** In the words of the health catalogue. */
  findings(): Findings {
    const { blind, unreadable, unconfirmed } = this.#of.findings() ?? {};
    const found = new Map<HealthCode, string>();
    if (blind !== undefined) found.set("sensor-blind", blind);
    if (unreadable !== undefined) found.set("sensor-unreadable", unreadable);
    if (unconfirmed !== undefined) found.set("sensor-unconfirmed", unconfirmed);
    return found;
  }
}

/** Where nothing watches. */
const NO_DEFENCE: Sensing & AsyncDisposable = {
  view: () => [],
  findings: () => undefined,
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

/** Turns detections into bans of the feed `local`, and tells what came of them. */
export class Defence {
  readonly #ports: DefencePorts;
  readonly #offenders: RepeatOffenders;
  /** When each source was last found to be held, by the clock that never jumps. */
  readonly #held = new RecentMap<number>();

  constructor(ports: DefencePorts, bantimeSeconds: () => number) {
    this.#ports = ports;
    this.#offenders = new RepeatOffenders(bantimeSeconds, MOST_REMEMBERED);
  }

  /** Never fails: what could not be done is told. */
  async against(detections: readonly Detection[]): Promise<void> {
    for (let i = 0; i < detections.length; i += limits.segmentOps) {
      await this.#carryOut(detections.slice(i, i + limits.segmentOps));
    }
  }

  /** One record and one change of the kernel for all of them. */
  async #carryOut(detections: readonly Detection[]): Promise<void> {
    const now = unixSeconds(this.#ports.banTime());
    const judged = detections
      .map((detection) => ({ detection, ban: this.#judge(detection, now) }))
      .filter(({ ban }) => this.#isNews(ban));
    if (judged.length === 0) return;

    const enforced = await this.#enforce(
      judged.map(({ ban }) => ban),
      now,
    );
    for (const { detection, ban } of judged) {
      this.#report(detection, ban, enforced);
    }
  }

  /**
   * What the customer's policy allows is only observed. An IPv6 source is banned
   * with its whole /64, unless a guard holds that: then the address alone, since a
   * neighbour on this host's own network has its router and this host in the same
   * range.
   */
  #judge({ sensor, source }: Detection, now: UnixSeconds): ReviewedBan {
    const seconds = this.#offenders.sentence(source.name, now);
    const expiresAt = now + seconds;
    const reason = `${sensor}: too many failed logins on this host`;
    const terms = { expiresAt, reason, bySensor: true };
    const { allowed } = this.#ports.facts();
    const banOn = (cidr: Cidr) =>
      this.#review({ cidr, ...terms, observed: allowed.covers(cidr) });
    const whole = banOn(source.range);
    if (whole.held === undefined || source.range === source.address) {
      return whole;
    }
    const single = banOn(source.address);
    return single.held === undefined ? single : whole;
  }

  #review(ban: ReviewedBan): ReviewedBan {
    const facts = ownBan(this.#ports.facts());
    return reviewBan(ban, facts, this.#ports.config.guard);
  }

  /** Whoever is let in goes on failing: that is told once in a while. */
  #isNews({ cidr, held, observed }: ReviewedBan): boolean {
    if (held === undefined && !observed) return true;
    const name = formatCidr(cidr);
    const now = this.#ports.clock.monotonic();
    const told = this.#held.get(name);
    if (told !== undefined && now - told < HELD_AGAIN_MS) return false;
    this.#held.set(name, now);
    this.#held.bound(MOST_REMEMBERED);
    return true;
  }

  /** Whether the kernel holds them; what is recorded will get there in any case. */
  async #enforce(
    bans: readonly ReviewedBan[],
    now: UnixSeconds,
  ): Promise<boolean> {
    const { ledger, events } = this.#ports;
    try {
      ledger.recordLocal(bans, now);
      await this.#ports.enforce();
      return true;
    } catch (error) {
      events.notDefended(bans.length, error);
      return false;
    }
  }

  #report(detection: Detection, ban: ReviewedBan, enforced: boolean): void {
    const { clock, events } = this.#ports;
    const { sensor, count, firstSeen, lastSeen } = detection;
    const { address, origin } = detection.source;
    const isSingle = ban.cidr.prefix === address.prefix;
    // Whom a translator shows here by an address of its own has one of IPv4.
    const source = formatCidr(isSingle ? origin : ban.cidr);
    const rule = ban.held ?? (ban.observed ? "allowed-by-policy" : undefined);
    const action = rule !== undefined ? "held" : enforced ? "banned" : "none";
    events.defended({ sensor, source, count, action, rule });
    try {
      this.#ports.report({
        kind: "detection",
        time: Math.floor(clock.now()),
        sensor,
        source,
        count,
        firstSeen: Math.max(0, Math.floor(firstSeen)),
        lastSeen: Math.max(0, Math.floor(lastSeen)),
        action,
        ...(rule === undefined ? {} : { rule }),
      });
    } catch (error) {
      events.notDefended(1, error);
    }
  }
}

const MOST_REMEMBERED = 65_536;
const HELD_AGAIN_MS = 600_000;
