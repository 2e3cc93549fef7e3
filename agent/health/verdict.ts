import { covers, formatCidr, type Cidr } from "../model/cidr.js";
import type { Mode } from "../model/mode.js";
import type { StorageState } from "../model/storage.js";
import { countText, numberText } from "../text/count.js";
import { spanText, timeText } from "../text/time.js";

/** What the verdict rests on, as it was found at one moment. Times are Unix seconds. */
export interface VerdictFacts {
  readonly kernel: KernelFacts;
  readonly ledger: { readonly revision: number; readonly mode: Mode };
  readonly pausedUntil: number | undefined;
  /** The agent kept crashing and changes nothing for a while. */
  readonly safeMode: boolean;
  /** How packets were seen to pass that should not. */
  readonly unproven: string | undefined;
  /** Bans that are to be dropped, those of proofs left out. */
  readonly bans: number;
  readonly withheld: WithheldFacts | undefined;
  readonly releases: readonly ReleaseFacts[];
  readonly storage: StorageFacts;
}

export type KernelFacts =
  | { readonly at: "unreadable"; readonly why: string }
  | { readonly at: "absent" }
  /** It holds what an earlier ledger said. */
  | { readonly at: "foreign" }
  /** It holds, and drops, what another version of this program built. */
  | { readonly at: "outdated" }
  | {
      readonly at: "ours";
      readonly revision: number;
      readonly mode: Mode;
      /** For how long it has stood behind the ledger, in milliseconds. */
      readonly behindMs: number;
    };

/** What this host's operator rolled back, and is not in force since. */
export interface WithheldFacts {
  readonly ranges: number;
  /** The revision that was gone back to; undefined for what is not kept. */
  readonly to: number | undefined;
  readonly until: number;
}

export interface ReleaseFacts {
  readonly cidr: Cidr;
  readonly until: number;
}

export interface StorageFacts {
  readonly state: StorageState;
  /** The operator's orders that only the kernel holds, such as "observe". */
  readonly untilRestart: readonly string[];
}

/** Whether what is banned is dropped: all of it, not all of it, or nothing. */
export type Does = "enforcing" | "degraded" | "not";

/** One thing that a host does with its bans, or keeps it from dropping them. */
export interface Finding {
  readonly kind: FindingKind;
  readonly does: Does;
  /** One plain sentence. */
  readonly text: string;
  /** What is known about this case, for those who say the rest themselves. */
  readonly detail: string;
  /** What a person may do about it; undefined where nothing is to be done. */
  readonly advice: string | undefined;
}

export type FindingKind =
  | "not-enforcing"
  | "not-proven"
  | "observing"
  | "paused"
  | "released"
  | "rolled-back"
  | "safe-mode"
  | "behind"
  | "disk-full"
  | "disk-low"
  | "until-restart"
  | "enforcing";

/**
 * What this host does with bans: the one word that status, health, the service
 * manager, the log and the cloud are told.
 */
export interface Verdict {
  readonly does: Does;
  /** The gravest finding first; "enforcing" alone where there is no other. */
  readonly findings: readonly [Finding, ...Finding[]];
}

/** Looks at the facts in the order of how much of the enforcement is lost. */
export function verdictOf(facts: VerdictFacts): Verdict {
  const found = [
    notEnforcing(facts),
    observing(facts),
    unproven(facts),
    released(facts),
    rolledBack(facts),
    safeMode(facts),
    behind(facts),
    ...storage(facts),
  ].filter((finding) => finding !== undefined);
  const gravest = found.toSorted((a, b) => RANK[b.does] - RANK[a.does]);
  const [first, ...others] = gravest;
  if (first === undefined) {
    return { does: "enforcing", findings: [enforcing(facts)] };
  }
  return { does: first.does, findings: [first, ...others] };
}

/** The first finding's sentence: all there is room for in one line. */
export const sentenceOf = ({ findings: [first] }: Verdict): string =>
  first.text;

/** Whether two moments are to be told apart: numbers and dates alone are none. */
export const isSameVerdict = (a: Verdict, b: Verdict): boolean =>
  kindsOf(a) === kindsOf(b);

const kindsOf = ({ does, findings }: Verdict): string =>
  [does, ...findings.map(({ kind }) => kind)].join(" ");

const RANK: Readonly<Record<Does, number>> = {
  not: 2,
  degraded: 1,
  enforcing: 0,
};

const enforcing = ({ bans }: VerdictFacts): Finding => ({
  kind: "enforcing",
  does: "enforcing",
  text: `enforcing ${countText(bans, "ban")}`,
  detail: "",
  advice: undefined,
});

function notEnforcing(facts: VerdictFacts): Finding | undefined {
  const why = whyNotEnforced(facts);
  if (why === undefined) return undefined;
  return {
    kind: "not-enforcing",
    does: "not",
    text: `NOT ENFORCING: ${why}`,
    detail: why,
    advice: "the agent goes on trying; see its log (journalctl -u tourniquet)",
  };
}

/** Where the kernel does not do what it is to, in the words of health, too. */
function whyNotEnforced(facts: VerdictFacts): string | undefined {
  const { kernel, ledger } = facts;
  switch (kernel.at) {
    case "unreadable":
      return `the kernel cannot be read: ${kernel.why}`;
    case "absent":
      return "the kernel holds no bans of ours";
    case "foreign":
      return "the kernel holds what an earlier ledger said";
    case "outdated":
      return "the kernel holds what another version of this program built";
    case "ours":
      return kernel.mode === ledger.mode || observesUntilRestart(facts)
        ? undefined
        : `the kernel is to ${ledger.mode} and does not`;
  }
}

/** The ledger had no room for the order, and the kernel took it all the same. */
const observesUntilRestart = ({ kernel, storage }: VerdictFacts): boolean =>
  kernel.at === "ours" &&
  kernel.mode === "observe" &&
  storage.untilRestart.length > 0;

function observing(facts: VerdictFacts): Finding | undefined {
  const { ledger, pausedUntil } = facts;
  if (ledger.mode === "enforce" && !observesUntilRestart(facts)) {
    return undefined;
  }
  const advice = "to end it: tourniquet enforce";
  if (pausedUntil === undefined) {
    const text = "OBSERVING, nothing is dropped";
    const detail = "tourniquet enforce ends that";
    return { kind: "observing", does: "not", text, detail, advice };
  }
  const detail = `until ${timeText(pausedUntil * 1_000)}`;
  const text = `PAUSED ${detail}, nothing is dropped`;
  return { kind: "paused", does: "not", text, detail, advice };
}

function unproven({ unproven: why }: VerdictFacts): Finding | undefined {
  if (why === undefined) return undefined;
  return {
    kind: "not-proven",
    does: "not",
    text: `NOT PROVEN: ${why}`,
    detail: why,
    advice:
      "something lets packets pass before the bans; see: tourniquet selftest",
  };
}

/** A release of some addresses is everyday life; of a large part it is not. */
function released({ releases }: VerdictFacts): Finding | undefined {
  const wide = ([4, 6] as const).filter(
    (family) => releasedShare(releases, family) > MOST_RELEASED[family],
  );
  if (wide.length === 0) return undefined;
  const theirs = releases
    .filter(({ cidr }) => wide.includes(cidr.family))
    .toSorted((a, b) => a.cidr.prefix - b.cidr.prefix);
  const [widest] = theirs;
  if (widest === undefined) return undefined;
  const more = theirs.length - 1;
  const others = more === 0 ? "" : ` and ${numberText(more)} more`;
  const ranges = `${formatCidr(widest.cidr)}${others}`;
  const isAll = wide.some((family) => releasedShare(releases, family) >= 1);
  const detail = `${ranges} until ${timeText(widest.until * 1_000)}`;
  return {
    kind: "released",
    does: isAll ? "not" : "degraded",
    text: `RELEASED: ${detail}; no ban touches ${more === 0 ? "it" : "them"}`,
    detail,
    advice: `to end it: tourniquet release ${formatCidr(widest.cidr)} --undo`,
  };
}

/** Whether releasing it takes a large part of the addresses from all bans. */
export const isWideRelease = ({ family, prefix }: Cidr): boolean =>
  2 ** -prefix > MOST_RELEASED[family];

/** Shares of all addresses: a /8, and a /16 of IPv6. */
const MOST_RELEASED = { 4: 2 ** -8, 6: 2 ** -16 } as const;

/** What is released within something else that is counts once. */
function releasedShare(
  releases: readonly ReleaseFacts[],
  family: Cidr["family"],
): number {
  const ranges = releases
    .map(({ cidr }) => cidr)
    .filter((cidr) => cidr.family === family)
    .toSorted((a, b) => a.prefix - b.prefix);
  const counted: Cidr[] = [];
  for (const cidr of ranges) {
    if (!counted.some((wider) => covers(wider, cidr))) counted.push(cidr);
  }
  return counted.reduce((sum, { prefix }) => sum + 2 ** -prefix, 0);
}

function rolledBack({ withheld, bans }: VerdictFacts): Finding | undefined {
  if (withheld === undefined) return undefined;
  const { ranges, to, until } = withheld;
  const where = to === undefined ? "" : ` to revision ${to}`;
  const rest =
    bans === 0 ? "nothing is dropped" : `${numberText(bans)} in force`;
  const detail = `until ${timeText(until * 1_000)}: ${countText(ranges, "range")} withheld, ${rest}`;
  return {
    kind: "rolled-back",
    does: bans === 0 ? "not" : "degraded",
    text: `ROLLED BACK${where} ${detail}`,
    detail,
    advice: "to end it: tourniquet rollback --undo",
  };
}

function safeMode({ safeMode: isSafe }: VerdictFacts): Finding | undefined {
  if (!isSafe) return undefined;
  return {
    kind: "safe-mode",
    does: "degraded",
    text: "SAFE MODE after repeated crashes: bans in the kernel stay and end, no new ones come",
    detail: "",
    advice: "to end it: systemctl restart tourniquet",
  };
}

/** A kernel that moves is on its way; one that stands still is not. */
function behind({ kernel, ledger }: VerdictFacts): Finding | undefined {
  if (kernel.at !== "ours" || kernel.revision === ledger.revision) {
    return undefined;
  }
  if (kernel.behindMs < PATIENCE_MS) return undefined;
  return {
    kind: "behind",
    does: "degraded",
    text: `BEHIND: the kernel has stood at revision ${kernel.revision} for ${spanText(kernel.behindMs)}, the ledger is at ${ledger.revision}`,
    detail: `the kernel holds revision ${kernel.revision}, the ledger is at ${ledger.revision}`,
    advice: "newer bans are not in force; see: journalctl -u tourniquet",
  };
}

/** Longer than a million bans take to be built anew. */
const PATIENCE_MS = 15_000;

function storage({ storage, bans }: VerdictFacts): readonly Finding[] {
  const { state, untilRestart } = storage;
  const found: Finding[] = [];
  const add = (kind: FindingKind, text: string, detail: string) => {
    const advice = "make room in the state folder";
    found.push({ kind, does: "degraded", text, detail, advice });
  };
  if (state === "full") {
    const detail = `${countText(bans, "ban")} in force, new ones are refused`;
    add("disk-full", `DISK FULL: ${detail}`, detail);
  }
  if (state === "reserve") {
    const detail = "only lifts, this host's orders and urgent bans are taken";
    add("disk-low", `DISK NEARLY FULL: ${detail}`, detail);
  }
  if (untilRestart.length > 0) {
    const detail = untilRestart.join(", ");
    const why = "UNTIL RESTART only, as the disk had no room for it";
    add("until-restart", `${why}: ${detail}`, detail);
  }
  return found;
}
