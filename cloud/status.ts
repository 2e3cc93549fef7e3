import type { Clock } from "../agent/runtime/clock.js";
import type { ContestsOpen } from "./contest/contests.js";
import type { Disk } from "./disk/disk.js";
import type { Door } from "./door/door.js";
import type { Gateway } from "./gateway/gateway.js";
import type { Retention } from "./journal/retention.js";
import type { SqliteDecisions } from "./journal/sqlite-decisions.js";
import type { SqliteObservations } from "./journal/sqlite-observations.js";
import type { Drops } from "./log/drops.js";
import type { Countries } from "./places/countries.js";
import type { SignIn } from "./sign-in/sign-in.js";

export interface StatusParts {
  readonly clock: Pick<Clock, "now">;
  readonly startedAt: number;
  readonly disk: Pick<Disk, "report">;
  readonly door: Pick<Door, "report">;
  readonly drops: Pick<Drops, "report">;
  readonly signIn: Pick<SignIn, "report">;
  readonly gateway: Pick<Gateway, "counts">;
  readonly decisions: Pick<SqliteDecisions, "lag" | "level">;
  readonly observations: Pick<SqliteObservations, "lag" | "level">;
  readonly retention: Pick<Retention, "report">;
  readonly ownDisk: Pick<Disk, "report"> | undefined;
  readonly overBudget: () => number;
  readonly downloads: () => number;
  /** Why the bans are not kept as they should be; undefined when they are. */
  readonly trouble: () => string | undefined;
  /** The same of the tree over all decisions. */
  readonly treeTrouble: () => string | undefined;
  /** What one person did alone and nobody has reviewed. */
  readonly unreviewed: () => {
    readonly count: number;
    readonly since: number | null;
  };
  readonly countries: Pick<Countries, "source" | "trouble">;
  /** Contests that wait for an answer. */
  readonly contested: () => ContestsOpen;
}

/** How the cloud is: what `GET /api/v1/status` answers. Times in ms since 1970. */
export type CloudStatus = ReturnType<typeof statusOf>;

export function statusOf(parts: StatusParts) {
  const { clock, startedAt, disk, door, drops, gateway } = parts;
  return {
    now: clock.now(),
    startedAt,
    disk: disk.report(),
    journal: standOf(parts.decisions),
    observations: {
      ...standOf(parts.observations),
      ...parts.retention.report(),
      /** Where they lie on a disk of their own; null: on the cloud's. */
      disk: parts.ownDisk?.report() ?? null,
    },
    bansTrouble: parts.trouble() ?? null,
    treeTrouble: parts.treeTrouble() ?? null,
    connections: door.report(),
    sessions: gateway.counts(),
    /** Of operators: sessions that are open, and sign-ins since the start. */
    operators: parts.signIn.report(),
    /** Broken glass that nobody has reviewed, and since when the oldest waits. */
    brokenGlass: parts.unreviewed(),
    /** Bans that were contested, and how many of them nobody answered in time. */
    contests: parts.contested(),
    countries: {
      source: parts.countries.source(),
      trouble: parts.countries.trouble(),
    },
    downloads: parts.downloads(),
    agentsOverTelemetryBudget: parts.overBudget(),
    /** By budget: how often it dropped something since the start, and when last. */
    drops: drops.report(),
  };
}

const standOf = ({ level, lag }: Pick<SqliteDecisions, "lag" | "level">) => ({
  last: level,
  laggingSince: lag?.since ?? null,
  laggingWhy: lag?.why.message ?? null,
});
