import type { HostState } from "../../../receipts/host-outcome.js";
import { carriesOut } from "../../../coverage/tally.js";

/** What of a host's outcome the groups go by. */
export interface Outcome {
  readonly agent: string;
  readonly hostname: string;
  readonly org: string;
  readonly state: HostState;
  readonly held: Readonly<Record<string, number>>;
  readonly detail: string;
  readonly late: boolean;
  readonly missing: string | null;
}

interface Decided {
  readonly action: "ban" | "lift" | "import";
  readonly observed: boolean;
}

/** Hosts that have something in common, the most of them first. */
export interface Group<H> {
  readonly of: string;
  readonly hosts: readonly H[];
}

/** Hosts of the decision's time, apart from those that came later. */
export interface Sorted<H> {
  /** They do what was decided. */
  readonly doing: readonly H[];
  /** They have not answered. */
  readonly missing: readonly H[];
  /** Guards hold it there, or some of it: by rule. A host may be under several. */
  readonly held: readonly Group<H>[];
  /** They answered, and do something else: by state. */
  readonly others: readonly Group<H>[];
  readonly late: readonly H[];
}

/** Says of each host where it belongs. */
export function sortHosts<H extends Outcome>(
  hosts: readonly H[],
  decided: Decided,
): Sorted<H> {
  const ofThen = hosts.filter(({ late }) => !late);
  const doing = ofThen.filter(({ state }) => carriesOut(state, decided));
  const rest = ofThen.filter(
    ({ state, missing }) => missing === null && !carriesOut(state, decided),
  );
  const isHeld = ({ state }: H) => state === "held" || state === "held-in-part";
  return {
    doing,
    missing: ofThen.filter(({ missing }) => missing !== null),
    held: grouped(rest.filter(isHeld), ({ held }) => rulesOf(held)),
    others: grouped(
      rest.filter((host) => !isHeld(host)),
      ({ state }) => [state],
    ),
    late: hosts.filter(({ late }) => late),
  };
}

/** A host that says nothing of the rule is held all the same. */
const rulesOf = (held: Outcome["held"]): readonly string[] => {
  const rules = Object.keys(held);
  return rules.length === 0 ? ["others"] : rules;
};

function grouped<H extends Outcome>(
  hosts: readonly H[],
  keysOf: (host: H) => readonly string[],
): readonly Group<H>[] {
  const groups = new Map<string, H[]>();
  for (const host of hosts) {
    for (const key of keysOf(host)) {
      const own = groups.get(key);
      if (own === undefined) groups.set(key, [host]);
      else own.push(host);
    }
  }
  return [...groups]
    .map(([of, own]) => ({ of, hosts: own }))
    .sort((a, b) => b.hosts.length - a.hosts.length || (a.of < b.of ? -1 : 1));
}

/** Whether anything may still change soon: somebody is expected to answer. */
export const isMoving = (
  hosts: readonly Pick<Outcome, "state">[],
  ageMs: number,
): boolean =>
  ageMs < 10_000 ||
  (ageMs < 120_000 && hosts.some(({ state }) => state === "waiting"));
