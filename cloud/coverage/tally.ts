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

/** In one go, as it is asked of each decision with all hosts of a fleet. */
export function tally(
  decision: Pick<DecisionEntry, "action" | "observed" | "decidedAt">,
  hosts: readonly HostOutcome[],
): Tally {
  const all = sumsOf();
  const late = sumsOf();
  const orgs = new Map<string, Sums>();
  const states = new Map<HostState, number>();
  let proven = 0;
  for (const host of hosts) {
    const isHolding = carriesOut(host.state, decision);
    if (host.late) {
      add(late, host, isHolding);
      continue;
    }
    const own = orgs.get(host.org) ?? sumsOf();
    orgs.set(host.org, own);
    add(all, host, isHolding);
    add(own, host, isHolding);
    states.set(host.state, (states.get(host.state) ?? 0) + 1);
    if (isHolding && host.sure === "proven") proven += 1;
  }
  return {
    ...{ ...all, late, proven, states: Object.fromEntries(states) },
    times: timesOf(decision, hosts),
    orgs: [...orgs]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([org, own]) => ({ org, ...own })),
  };
}

type Sums = { -readonly [Part in keyof Share]: number };

const sumsOf = (): Sums => ({ must: 0, holding: 0, inPart: 0, missing: 0 });

function add(
  sums: Sums,
  { state, missing }: HostOutcome,
  isHolding: boolean,
): void {
  sums.must += 1;
  if (isHolding) sums.holding += 1;
  if (state === "held-in-part") sums.inPart += 1;
  if (missing !== null) sums.missing += 1;
}

function timesOf(
  { decidedAt }: Pick<DecisionEntry, "decidedAt">,
  hosts: readonly HostOutcome[],
): Times | null {
  const taken = hosts
    .flatMap(({ late, provedAt }) =>
      late || provedAt === null ? [] : provedAt - decidedAt,
    )
    .sort((a, b) => a - b);
  if (taken.length === 0) return null;
  const at = (share: number): number =>
    taken[Math.max(0, Math.ceil(share * taken.length) - 1)] ?? 0;
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
}
