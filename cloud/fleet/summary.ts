import type { FleetCounts } from "./fleet.js";
import type { Cell, OrgCounts } from "./org-counts.js";

export type Summary = ReturnType<typeof summaryOf>;

/** Sums of counts: those of all orgs are made once, whoever asks how often. */
export class Summaries {
  readonly #ofAll = new WeakMap<FleetCounts, Summary>();

  /** @param org null: all of them */
  of(counts: FleetCounts, org: string | null): Summary {
    if (org !== null) {
      const own = counts.orgs.get(org);
      return summaryOf(counts.at, own === undefined ? [] : [own]);
    }
    const known = this.#ofAll.get(counts);
    if (known !== undefined) return known;
    const made = summaryOf(counts.at, counts.orgs.values());
    this.#ofAll.set(counts, made);
    return made;
  }
}

/** The counts of orgs, together; the most first. */
function summaryOf(at: number, orgs: Iterable<OrgCounts>) {
  const all = [...orgs].sort(
    (a, b) => b.hosts - a.hosts || (a.org < b.org ? -1 : 1),
  );
  const sum = (of: (counts: OrgCounts) => number): number =>
    all.reduce((total, counts) => total + of(counts), 0);
  return {
    at,
    hosts: sum(({ hosts }) => hosts),
    online: sum(({ online }) => online),
    unhealthy: sum(({ unhealthy }) => unhealthy),
    behind: sum(({ behind }) => behind),
    orgs: all.slice(0, MOST_ORGS).map(briefOf),
    moreOrgs: Math.max(0, all.length - MOST_ORGS),
    ...cellsOf(all),
    troubles: troublesIn(all),
    tags: namesIn(all, ({ tags }) => tags.all()).map(([org, tag, hosts]) => ({
      ...{ org, tag, hosts },
    })),
    groups: namesIn(all, ({ groups }) => groups.all()).map(
      ([org, group, hosts]) => ({ org, group, hosts }),
    ),
  };
}

const briefOf = ({ org, hosts, online, unhealthy, behind }: OrgCounts) => ({
  ...{ org, hosts, online, unhealthy, behind },
});

function cellsOf(all: readonly OrgCounts[]) {
  const cells = all.flatMap((counts) => counts.cells);
  const shown = cells.sort((a, b) => b.hosts - a.hosts).slice(0, MOST_CELLS);
  const inAll = (of: readonly Cell[]) =>
    of.reduce((n, { hosts }) => n + hosts, 0);
  const beyond = all.reduce((n, { beyondCells }) => n + beyondCells, 0);
  return { cells: shown, otherHosts: inAll(cells) - inAll(shown) + beyond };
}

/** What is wrong with how many hosts. */
function troublesIn(all: readonly OrgCounts[]) {
  const found = new Map<string, number>();
  for (const { troubles } of all) {
    for (const [code, hosts] of troubles.all()) {
      found.set(code, (found.get(code) ?? 0) + hosts);
    }
  }
  return [...found]
    .map(([code, hosts]) => ({ code, hosts }))
    .sort((a, b) => b.hosts - a.hosts || (a.code < b.code ? -1 : 1))
    .slice(0, MOST_TROUBLES);
}

const namesIn = (
  all: readonly OrgCounts[],
  of: (counts: OrgCounts) => readonly (readonly [string, number])[],
) =>
  all
    .flatMap((counts) =>
      of(counts).map(([name, hosts]) => [counts.org, name, hosts] as const),
    )
    .sort(([, , m], [, , n]) => n - m)
    .slice(0, MOST_NAMES);

const MOST_ORGS = 2_000;
const MOST_CELLS = 2_000;
const MOST_TROUBLES = 100;
const MOST_NAMES = 1_000;
