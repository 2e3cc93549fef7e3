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

/** How the hosts of an org are. Those that were sent away are in `cells` alone. */
export class OrgCounts {
  /** By state, mode and version. */
  readonly cells = new Counts(MOST_CELLS);
  readonly troubles = new Counts(MOST_TROUBLES);
  readonly tags = new Counts(MOST_NAMES);
  readonly groups = new Counts(MOST_NAMES);
  hosts = 0;
  online = 0;
  unhealthy = 0;
  behind = 0;

  constructor(readonly org: string) {}

  add({ state, mode, version, ...host }: Counted): void {
    this.cells.add(JSON.stringify([state, mode, version]));
    if (state === "revoked") return;
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
