import type { DecisionEntry } from "../decide/decision-log.js";
import type { HostOutcome, HostState } from "../receipts/host-outcome.js";

/** Whether a host does what was decided. */
export function carriesOut(
  state: HostState,
  { action, observed }: Pick<DecisionEntry, "action" | "observed">,
): boolean {
  if (state === "observed") return observed || action === "lift";
  return DOING.has(state);
}

const DOING: ReadonlySet<HostState> = new Set([
  ...(["in-force", "on-trial", "passed"] as const),
]);

/** Hosts, and how many of them carry a decision out. */
export interface Share {
  readonly must: number;
  readonly holding: number;
  /** Their guards hold some of it: a list has ranges that no host takes. */
  readonly inPart: number;
  /** They have not answered at all. */
  readonly missing: number;
}

export interface OrgShare extends Share {
  readonly org: string;
}

/** Milliseconds from the decision to receipts in the cloud's hands. */
export interface Times {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** Who holds a decision, of those who must: enrolled then, and not sent away. */
export interface Tally extends Share {
  /** Of those that hold it: a document says so that the device signed. */
  readonly proven: number;
  /** Those that have answered, in each state. */
  readonly states: Readonly<Partial<Record<HostState, number>>>;
  /** Hosts that came later: they get it with all else, as they come. */
  readonly late: Share;
  /** Null: no host of that time has proved anything. */
  readonly times: Times | null;
  /** By org, in alphabetical order. */
  readonly orgs: readonly OrgShare[];
}

export function tally(
  decision: Pick<DecisionEntry, "action" | "observed" | "decidedAt">,
  hosts: readonly HostOutcome[],
): Tally {
  const ofThen = hosts.filter(({ late }) => !late);
  const share = shareIn(decision);
  const proven = ofThen.filter(
    ({ state, sure }) => sure === "proven" && carriesOut(state, decision),
  );
  return {
    ...share(ofThen),
    proven: proven.length,
    states: countsOf(ofThen),
    late: share(hosts.filter(({ late }) => late)),
    times: timesOf(decision, ofThen),
    orgs: [...byOrg(ofThen)]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([org, own]) => ({ org, ...share(own) })),
  };
}

const shareIn =
  (decision: Pick<DecisionEntry, "action" | "observed">) =>
  (hosts: readonly HostOutcome[]): Share => ({
    must: hosts.length,
    holding: hosts.filter(({ state }) => carriesOut(state, decision)).length,
    inPart: hosts.filter(({ state }) => state === "held-in-part").length,
    missing: hosts.filter(({ missing }) => missing !== null).length,
  });

function countsOf(hosts: readonly HostOutcome[]): Tally["states"] {
  const counts = new Map<HostState, number>();
  for (const { state } of hosts) {
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  return Object.fromEntries(counts);
}

function byOrg(
  hosts: readonly HostOutcome[],
): ReadonlyMap<string, readonly HostOutcome[]> {
  const found = new Map<string, HostOutcome[]>();
  for (const host of hosts) {
    const own = found.get(host.org);
    if (own === undefined) found.set(host.org, [host]);
    else own.push(host);
  }
  return found;
}

function timesOf(
  { decidedAt }: Pick<DecisionEntry, "decidedAt">,
  hosts: readonly HostOutcome[],
): Times | null {
  const taken = hosts
    .flatMap(({ provedAt }) => (provedAt === null ? [] : provedAt - decidedAt))
    .sort((a, b) => a - b);
  if (taken.length === 0) return null;
  const at = (share: number): number =>
    taken[Math.max(0, Math.ceil(share * taken.length) - 1)] ?? 0;
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
}
