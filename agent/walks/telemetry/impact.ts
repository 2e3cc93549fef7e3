import type { Config } from "../../config/config.js";
import type { AgentEvents } from "../../events/events.js";
import { parseCidr } from "../../model/cidr.js";
import { limits } from "../../protocol/limits.js";
import type {
  ImpactAnswer,
  ImpactQuestion,
  ImpactRefusal,
} from "../../protocol/messages.js";
import type { Clock } from "../../runtime/clock.js";
import { loadLibc } from "../../runtime/libc.js";
import { schedule } from "../../runtime/schedule.js";
import { CidrSet } from "../../sessions/cidr-set.js";
import { OpenFlows, type SawFlow } from "../../sessions/open-flows.js";
import { RecentPeers } from "../../sessions/recent-peers.js";
import { MINUTE_MS, Rate } from "../../uplink/rate.js";

export interface ImpactPorts {
  /** Undefined where this host cannot look. */
  readonly flows: Pick<OpenFlows, "look"> | undefined;
  /** Whether the cloud may ask. */
  readonly enabled: boolean;
  readonly clock: Pick<Clock, "now" | "monotonic">;
  readonly events: Pick<AgentEvents, "impactAsked" | "flowsUnseen">;
}

/** Begins to look, unless that is switched off. */
export function startImpactWatch({
  config,
  ...ports
}: Omit<ImpactPorts, "enabled"> & { readonly config: Config }): ImpactWatch {
  const enabled = config.telemetry.impact;
  const watch = new ImpactWatch({ ...ports, enabled });
  if (enabled) watch.start();
  return watch;
}

/** Whom this host speaks with; undefined where the kernel does not tell. */
export async function openFlows({
  clock,
  events,
}: Pick<ImpactPorts, "clock" | "events">): Promise<OpenFlows | undefined> {
  try {
    return new OpenFlows(await loadLibc(), clock);
  } catch (error) {
    events.flowsUnseen(error);
    return undefined;
  }
}

/**
 * Tells how much a ban would cut on this host, before it is given: how many
 * flows are open, and with how many addresses this host spoke lately. The answer
 * is numbers; who it is never leaves the host, nor its memory.
 */
export class ImpactWatch implements Disposable {
  readonly #ports: ImpactPorts;
  readonly #peers: RecentPeers;
  readonly #answers = new Rate(MOST_A_MINUTE, MINUTE_MS);
  #looking: Disposable | undefined;
  #restsUntil = -Infinity;
  #failing = false;

  constructor(ports: ImpactPorts) {
    this.#ports = ports;
    this.#peers = new RecentPeers(ports.clock.monotonic());
  }

  /** Notes from now on who is spoken with. */
  start(): void {
    if (this.#looking !== undefined || !this.#ports.flows) return;
    const rhythm = { everyMs: LOOK_EVERY_MS, firstMs: 0 };
    this.#looking = schedule(rhythm, () => this.#lookAround());
  }

  /** Answers, soon; a refusal is said at once, and too many questions get none. */
  ask({ id, ranges }: ImpactQuestion, say: (it: ImpactAnswer) => void): void {
    const { events } = this.#ports;
    if (!this.mayAnswer()) {
      events.impactAsked(ranges.length, "unanswered");
      return;
    }
    const why = this.#refusal();
    events.impactAsked(ranges.length, why ?? "answered");
    if (why !== undefined) {
      say({ type: "impact-refusal", id, why });
      return;
    }
    const suspects = new CidrSet(ranges.map(parseCidr));
    this.#count(suspects).then(
      (counts) => say({ type: "impact-answer", id, ...counts }),
      (error: unknown) => {
        events.flowsUnseen(error);
        say({ type: "impact-refusal", id, why: "unable" });
      },
    );
  }

  /** Whether one more may be answered this minute, whatever was asked. */
  mayAnswer(): boolean {
    return this.#answers.take(this.#ports.clock.monotonic());
  }

  [Symbol.dispose](): void {
    this.#looking?.[Symbol.dispose]();
  }

  #refusal(): ImpactRefusal | undefined {
    const { enabled, flows } = this.#ports;
    if (!enabled) return "switched-off";
    return flows === undefined ? "unable" : undefined;
  }

  async #count(suspects: CidrSet) {
    const { clock } = this.#ports;
    let live = 0;
    let liveBegun = 0;
    const whole = await this.#look(({ ends }) => {
      const end = ends.find(({ address }) => suspects.has(address));
      if (end === undefined) return;
      live += 1;
      if (end.called) liveBegun += 1;
    });
    const now = clock.monotonic();
    const { remotes, begun } = this.#peers.count(suspects, now);
    const since = clock.now() - (now - this.#peers.since(now));
    return {
      live: Math.min(live, limits.impactCount),
      liveBegun: Math.min(liveBegun, limits.impactCount),
      recent: remotes,
      recentBegun: begun,
      since: Math.max(0, Math.floor(since)),
      whole: whole ?? false,
    };
  }

  /** What looking costs bounds how often: a hundredth of a core at most. */
  async #lookAround(): Promise<void> {
    const { clock, events } = this.#ports;
    const began = clock.monotonic();
    if (began < this.#restsUntil) return;
    try {
      await this.#look(() => undefined);
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) events.flowsUnseen(error);
      this.#failing = true;
    }
    const tookMs = clock.monotonic() - began;
    this.#restsUntil = clock.monotonic() + REST_SHARE * tookMs;
  }

  /** Every look at the open flows also notes their ends as recent peers. */
  async #look(saw: SawFlow): Promise<boolean | undefined> {
    const { flows, clock } = this.#ports;
    return flows?.look((flow) => {
      saw(flow);
      for (const { address, called } of flow.ends) {
        this.#peers.saw(address, called, clock.monotonic());
      }
    });
  }
}

const LOOK_EVERY_MS = 10_000;
const REST_SHARE = 99;

/** A cloud that asks for one address at a time learns of few in a day. */
const MOST_A_MINUTE = 12;
