import type { Counters, Posture, Ruleset } from "../../enforce/enforcer.js";
import type { AgentEvents } from "../../events/events.js";
import { type Findings } from "../../health/health.js";
import type { Verdict } from "../../health/verdict.js";
import type { Clock } from "../../runtime/clock.js";
import type { Mode } from "../../model/mode.js";
import type { SpoolCounts, SpooledMessage } from "../../spool/spool.js";
import { type SensorReading } from "../../telemetry/items.js";
import type { LinkStatus } from "../../uplink/link-status.js";
import { type WatchedLedger } from "./health-watch.js";

export interface TelemetryPorts {
  /** Of the spool's SQLite file. */
  readonly path: string;
  readonly version: string;
  /** Who this host is to the cloud; undefined: there is none that is to be told. */
  readonly agent: string | undefined;
  /** What this host does with bans now. */
  readonly mode: () => Mode;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly events: AgentEvents;
  readonly enforcer: Pick<Counters, "hits" | "totals" | "makeRoom"> &
    Pick<Ruleset, "rejects">;
  /** What becomes of banned egress, as it was configured. */
  readonly egress: Posture["egress"];
  readonly ledger: WatchedLedger;
  readonly link: Pick<LinkStatus, "state" | "downgraded">;
  /** Who keeps undoing the bans, if anybody does. */
  readonly contested: () => string | undefined;
  /** What this host does with its bans. */
  readonly verdict: () => Promise<Verdict>;
  /** Why it cannot be seen whether packets are stopped. */
  readonly unshown: () => string | undefined;
  /** Ways on which packets pass without meeting a ban. */
  readonly uncovered: () => readonly string[];
  /** What is wrong with what the cloud signs. */
  readonly trust: () => Findings;
  /** What sensors have read. */
  readonly sensors: () => readonly SensorReading[];
}

/** What `tourniquet telemetry show` tells; undefined while no spool is open. */
export interface TelemetryView extends SpoolCounts {
  readonly spool: string;
  /** The message that is sent next, or is under way: exactly what leaves. */
  readonly next: SpooledMessage | undefined;
  /** Whether it is under way. */
  readonly inFlight: boolean;
}
