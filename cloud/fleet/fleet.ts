import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../../agent/runtime/clock.js";
import { stateOf, troublesSeen, type SeenHere } from "./host-state.js";
import { OrgCounts } from "./org-counts.js";
import type { RosterRow } from "./roster-row.js";
import type { Roster } from "./roster.js";

export interface FleetPorts extends SeenHere {
  readonly clock: Pick<Clock, "now" | "monotonic">;
  readonly roster: Pick<Roster, "rows">;
}

/** How all hosts were when they were counted. */
export interface FleetCounts {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly orgs: ReadonlyMap<string, OrgCounts>;
}

/**
 * Counts hosts by what they are and do. All are looked at in turns, and what was
 * counted is good for a second; for longer where it took long, so that it takes a
 * small part of a processor, whoever asks how often.
 */
export class Fleet {
  readonly #ports: FleetPorts;
  #counted:
    { readonly counts: FleetCounts; readonly until: number } | undefined;
  #counting: Promise<FleetCounts> | undefined;

  constructor(ports: FleetPorts) {
    this.#ports = ports;
  }

  counts(): Promise<FleetCounts> {
    const { clock } = this.#ports;
    const known = this.#counted;
    if (known !== undefined && clock.monotonic() < known.until) {
      return Promise.resolve(known.counts);
    }
    this.#counting ??= this.#count().finally(() => {
      this.#counting = undefined;
    });
    return this.#counting;
  }

  async #count(): Promise<FleetCounts> {
    const { clock, roster } = this.#ports;
    const began = clock.monotonic();
    const at = clock.now();
    const orgs = new Map<string, OrgCounts>();
    const rows = await roster.rows();
    for (let from = 0; from < rows.length; from += HOSTS_A_TURN) {
      for (const row of rows.slice(from, from + HOSTS_A_TURN)) {
        this.#take(row, orgs);
      }
      await nextTurn();
    }
    const counts = { at, orgs };
    const now = clock.monotonic();
    const lasts = Math.max(GOOD_FOR_MS, REST * (now - began));
    this.#counted = { counts, until: now + lasts };
    return counts;
  }

  #take(row: RosterRow, orgs: Map<string, OrgCounts>): void {
    const { org, version, tags, groups, mode, behind } = row;
    const counts = orgs.get(org) ?? new OrgCounts(org);
    orgs.set(org, counts);
    counts.add({
      ...{ version, tags, groups, mode, behind },
      state: stateOf(row, this.#ports.isConnected(row.id)),
      troubles: troublesSeen(row, this.#ports),
    });
  }
}

/** Some milliseconds. */
const HOSTS_A_TURN = 2_000;

const GOOD_FOR_MS = 1_000;

/** What was counted is good for so many times as long as that took. */
const REST = 4;
