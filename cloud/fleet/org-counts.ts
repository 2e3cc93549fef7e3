import { Counts } from "./counts.js";
import type { HostMode } from "./host-mode.js";
import type { HostState } from "./host-state.js";

/** A host, as far as it is counted. */
export interface Counted {
  readonly state: HostState;
  readonly mode: HostMode;
  readonly version: string;
  /** Null: it never gave a receipt. */
  readonly behind: number | null;
  readonly troubles: readonly string[];
  readonly tags: readonly string[];
  /** Names of those groups of its org's policy that it is in. */
  readonly groups: readonly string[];
}

/** Hosts of an org that are and do the same. */
export interface Cell {
  readonly org: string;
  readonly state: HostState;
  readonly mode: HostMode;
  readonly version: string;
  readonly hosts: number;
}

/** How the hosts of an org are. Those that were sent away are in `cells` alone. */
export class OrgCounts {
  readonly #cells = new Counts(MOST_CELLS);
  /** What the cells are of, by their keys: these are read apart but once. */
  readonly #kinds = new Map<string, Omit<Cell, "hosts">>();
  readonly troubles = new Counts(MOST_TROUBLES);
  readonly tags = new Counts(MOST_NAMES);
  readonly groups = new Counts(MOST_NAMES);
  hosts = 0;
  online = 0;
  unhealthy = 0;
  behind = 0;

  constructor(readonly org: string) {}

  /** By state, mode and version. */
  get cells(): readonly Cell[] {
    return this.#cells.all().flatMap(([key, hosts]) => {
      const kind = this.#kinds.get(key);
      return kind === undefined ? [] : [{ ...kind, hosts }];
    });
  }

  /** Hosts that are in no cell. */
  get beyondCells(): number {
    return this.#cells.others;
  }

  add({ state, mode, version, ...host }: Counted): void {
    const key = `${state} ${mode} ${version}`;
    if (this.#cells.add(key)) {
      this.#kinds.set(key, { org: this.org, state, mode, version });
    }
    if (state === "revoked" || state === "left") return;
    this.hosts += 1;
    if (state === "online") this.online += 1;
    if (host.troubles.length > 0) this.unhealthy += 1;
    if (host.behind !== 0) this.behind += 1;
    for (const code of host.troubles) this.troubles.add(code);
    for (const tag of host.tags) this.tags.add(tag);
    for (const group of host.groups) this.groups.add(group);
  }
}

/** Of an org: hosts say their versions themselves. */
const MOST_CELLS = 200;

/** Far more than the catalogue has; hosts say them themselves. */
const MOST_TROUBLES = 100;

/** Tags or groups of an org. */
const MOST_NAMES = 500;
