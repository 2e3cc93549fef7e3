import type { AgentView } from "../../agent/agent.js";
import { FOREVER } from "../../agent/model/ban.js";
import { formatCidr, type Cidr } from "../../agent/model/cidr.js";
import type { Mode } from "../../agent/model/mode.js";
import { isoTime } from "../../agent/text/time.js";
import type { TelemetryView } from "../../agent/walks/telemetry/telemetry-ports.js";

/** What `tourniquet telemetry show --json` prints. */
export interface TelemetryReport {
  /** Null while no spool can be opened. */
  readonly spool:
    | (Omit<TelemetryView, "next"> & {
        /** The message as it is sent; null when nothing waits. */
        readonly next: NonNullable<TelemetryView["next"]> | null;
      })
    | null;
}

/** One ban as people see it. */
export interface BanView {
  readonly range: string;
  readonly feed: string;
  readonly reason: string;
  /** ISO 8601; null for a ban without an end. */
  readonly expires: string | null;
  /** Whether its packets are dropped: not so while the whole host observes. */
  readonly mode: Mode;
  /** The guard rule that stopped it; null when none did. */
  readonly held: string | null;
  /** ISO 8601: when this host's ring has its turn; null where it never waited. */
  readonly begins: string | null;
}

export function telemetryOf({ telemetry }: AgentView): TelemetryReport {
  const view = telemetry.view();
  if (view === undefined) return { spool: null };
  return { spool: { ...view, next: view.next ?? null } };
}

export function banPageOf(
  bans: readonly {
    readonly feed: string;
    readonly cidr: Cidr;
    readonly expiresAt: number;
    readonly reason: string;
    readonly observed: boolean;
    readonly held?: string | undefined;
    readonly ringAt?: number | undefined;
  }[],
  host: Mode,
): readonly BanView[] {
  return bans.map(({ cidr, expiresAt, observed, held, ...ban }) => ({
    range: formatCidr(cidr),
    feed: ban.feed,
    reason: ban.reason,
    expires: expiresAt >= FOREVER ? null : isoTime(expiresAt * 1000),
    mode: observed || host === "observe" ? "observe" : "enforce",
    held: held ?? null,
    begins: ban.ringAt === undefined ? null : isoTime(ban.ringAt * 1_000),
  }));
}
