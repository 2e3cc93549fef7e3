import type { Proposal } from "../../api-types.js";
import { counted, type Tone } from "../../parts/bits.js";
import { heldSaid } from "../../parts/held-said.js";
import { session } from "../../session.js";

type RuleProposal = Extract<Proposal, { readonly kind: "rule" }>;
export type OrderProposal = Extract<Proposal, { readonly kind: "order" }>;

/** What became of it. */
export type ProposalState = "open" | "released" | "refused" | "expired";

export const stateOf = (
  { verdict, expiresAt }: Pick<Proposal, "verdict" | "expiresAt">,
  now: number,
): ProposalState => {
  if (verdict !== null) return verdict;
  return Date.parse(expiresAt) <= now ? "expired" : "open";
};

export const STATES: Readonly<Record<ProposalState, readonly [string, Tone]>> =
  {
    open: ["waits", "warn"],
    released: ["released", "good"],
    refused: ["refused", "calm"],
    expired: ["ran out", "calm"],
  };

/** "Ban 203.0.113.9": what it does, once somebody releases it. */
export function whatOf(proposal: Proposal): string {
  if (proposal.kind === "rule") return `Ban ${proposal.attacker}`;
  const { action, change, undoes, list } = proposal;
  if (change !== null) return `Change ${change.of}`;
  if (action === "undo") return `Undo ${undoes ?? "a decision"}`;
  const ranges = rangesOf(proposal);
  if (action === "lift") return `Lift the ban on ${ranges}`;
  if (action === "import") {
    return `Import ${ranges}${list === null ? "" : ` of list ${list}`}`;
  }
  return `${proposal.observed ? "Observe" : "Ban"} ${ranges}`;
}

function rangesOf({ ranges, targets }: OrderProposal): string {
  const [first] = targets;
  if (ranges === 1 && first !== undefined) return first;
  return counted(ranges, "range");
}

/** Whose wish it is. */
export const whoOf = (proposal: Proposal): string =>
  proposal.kind === "rule"
    ? `rule ${proposal.rule}`
    : proposal.by + (proposal.org === null ? "" : ` of ${proposal.org}`);

/** Why it is not carried out at once, in sentences. */
export const dangersOf = (proposal: Proposal): readonly string[] =>
  proposal.kind === "rule"
    ? [vetoSaid(proposal.veto)]
    : proposal.dangers.map(({ says }) => sentence(says));

function vetoSaid(veto: RuleProposal["veto"]): string {
  switch (veto.why) {
    case "never-list":
      return "It is on the list of what rules never ban by themselves.";
    case "tier":
      return `Many share the address: ${heldSaid(veto.tier)}`;
    case "agent":
      return `A host of ${veto.org} (${veto.agent}) connects to the cloud from there.`;
    case "held":
      return `A host of ${veto.org} (${veto.agent}) held a ban on it. ${heldSaid(veto.rule)}`;
  }
}

export const sentence = (text: string): string => {
  const first = text.charAt(0);
  const begun = /^[a-z]/.test(text)
    ? first.toUpperCase() + text.slice(1)
    : text;
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
};

/** Whoever proposed something is never the second person. */
export const isOwn = (proposal: Proposal): boolean =>
  proposal.kind === "order" &&
  proposal.by === session.value?.operator.name &&
  proposal.org === session.value.operator.org;
