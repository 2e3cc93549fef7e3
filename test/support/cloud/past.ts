import { mkdirSync } from "node:fs";
import type { TelemetryItem } from "../../../agent/protocol/telemetry.js";
import { systemClock, type Clock } from "../../../agent/runtime/clock.js";
import { generateKey } from "../../../agent/trust/keys.js";
import { feedBegun } from "../../../cloud/feeds/feeds.js";
import { filesOf } from "../../../cloud/folder.js";
import type { DecisionEvent } from "../../../cloud/journal/decision-events.js";
import type { ObservationEvent } from "../../../cloud/journal/observation-events.js";
import { observed } from "../../../cloud/journal/observed.js";
import { SqliteDecisions } from "../../../cloud/journal/sqlite-decisions.js";
import { SqliteObservations } from "../../../cloud/journal/sqlite-observations.js";
import { foundCloud } from "../../../cloud/setup.js";
import type { Enrolled } from "./cloud.js";

/**
 * A new cloud's logs, as if they had been written over the last weeks: orgs that
 * have been customers for a while cannot be made in a test's time.
 */
export class Past {
  readonly #dir: string;
  #numbers = 0;

  constructor(dir: string) {
    this.#dir = dir;
    const founding = { dir, name: "test-cloud", publicUrl: undefined };
    foundCloud({ ...founding, listen: "127.0.0.1:0" }, systemClock);
  }

  /** An org with hosts that enrolled so many days ago, and were seen just now. */
  org(org: string, { hosts = 2, days = 30 } = {}): readonly Enrolled[] {
    const enrolled = Array.from({ length: hosts }, () => this.#enrolled(org));
    const began = [
      { kind: "org-added", org, name: org } as const,
      feedBegun(`org/${org}`),
    ];
    const enrolments = enrolled.map(({ agent, key }) => ({
      ...({ kind: "agent-enrolled", agent, org, tokenHash: agent } as const),
      publicKey: Buffer.from(key.publicKey).toString("base64url"),
      ...{ hostname: agent, system: "Linux", version: "0.1.0" },
    }));
    this.#decide(days, [...began, ...enrolments]);
    const seen = enrolled.map(({ agent }) => ({
      ...({ kind: "agent-seen", agent, version: "0.1.0" } as const),
    }));
    this.#observe(0, seen);
    return enrolled;
  }

  /** What a host told so many days ago. */
  told(who: Enrolled, days: number, items: readonly TelemetryItem[]): void {
    const { agent, org } = who;
    const spool = `past-${++this.#numbers}`;
    const told = { kind: "telemetry", agent, org, spool, first: 1 } as const;
    this.#observe(days, [{ ...told, items }]);
  }

  /** A start of a host's agent, and where it connected from. */
  came({ agent }: Enrolled, address: string, days = 1): void {
    const seenAt = Date.now() - days * 24 * 60 * 60 * 1000;
    const boot = `0b1a6a5e-0000-4000-8000-${String(++this.#numbers).padStart(12, "0")}`;
    const seen = { boot, version: "0.1.0", address, seenAt };
    this.#observe(days, [{ kind: "agent-booted", agent, ...seen }]);
  }

  #enrolled(org: string): Enrolled {
    const agent = `agt-${org}-${++this.#numbers}`;
    return { agent, org, cloud: "test-cloud", key: generateKey() };
  }

  #decide(daysAgo: number, events: readonly DecisionEvent[]): void {
    const { decisions } = filesOf(this.#dir);
    using log = SqliteDecisions.open(decisions, clockOf(daysAgo));
    void log.append(events); // in this very turn, as SQLite does it
  }

  #observe(daysAgo: number, events: readonly ObservationEvent[]): void {
    const { observations, observationsDir } = filesOf(this.#dir);
    mkdirSync(observationsDir, { recursive: true });
    using log = SqliteObservations.open(observations, clockOf(daysAgo));
    void log.put(events.map(observed));
  }
}

function clockOf(daysAgo: number): Clock {
  const ago = daysAgo * 24 * 60 * 60 * 1000;
  return { ...systemClock, now: () => Date.now() - ago };
}
