import type * as v from "valibot";
import type { ProposalTold } from "../api/routes/proposals.js";
import type { ProposalItem } from "./ask-proposals.js";
import { dateOf } from "./tables.js";
import { counted, few } from "./words.js";

type Rule = ProposalItem & { readonly kind: "rule" };
type Order = ProposalItem & { readonly kind: "order" };

/** What is to be done, in a few words. */
export const whatOf = (proposal: ProposalItem): string =>
  proposal.kind === "rule"
    ? `ban ${proposal.attacker}`
    : (proposal.change?.says ??
      `${proposal.action} ${rangesOf(proposal)} in ${proposal.feeds.join(", ")}${undoText(proposal)}`);

/** Of an undo, the decision, and what that is found to be. */
const undoText = ({ undoes, wrong }: Order): string =>
  undoes === null ? "" : ` (${undoes}${wrong ? ", as wrong" : ""})`;

export const byOf = (proposal: ProposalItem): string =>
  proposal.kind === "rule"
    ? `${proposal.rule}: ${proposal.reason}`
    : proposal.by;

export const whyItWaits = (proposal: ProposalItem): string =>
  proposal.kind === "rule"
    ? whyOf(proposal.veto)
    : proposal.dangers.map(({ says }) => says).join("; ");

export function standingOf(proposal: ProposalItem): string {
  const { verdict, settledBy, expiresAt } = proposal;
  const asWrong = proposal.kind === "rule" && proposal.wrong ? " as wrong" : "";
  if (verdict !== null) return `${verdict}${asWrong} by ${settledBy ?? ""}`;
  const until = dateOf(expiresAt);
  return Date.parse(expiresAt) > Date.now() ? until : `ran out ${until}`;
}

/** One proposal, with all that it is of. */
export function toldProposal({
  proposal,
  ranges,
  text,
}: v.InferOutput<typeof ProposalTold>): readonly string[] {
  return [
    `${proposal.id}: ${whatOf(proposal)}`,
    `by ${byOf(proposal)}, ${dateOf(proposal.proposedAt)}; ${standingOf(proposal)}`,
    `why it waits: ${whyItWaits(proposal)}`,
    ...(proposal.kind === "order" && proposal.change === null
      ? termLines(proposal)
      : []),
    ...(text === null ? few(ranges, MOST_LINES) : text.trimEnd().split("\n")),
  ];
}

function termLines(order: Order): readonly string[] {
  const { lasts, action, observed, replace, within, reason } = order;
  const term = lasts === null ? "without an end" : `for ${lasts} s`;
  const said = [
    ...(action === "lift" || action === "undo" ? [] : [term]),
    ...(observed ? ["observed only"] : []),
    ...(replace ? ["replacing what stands"] : []),
    ...(within ? ["with all that lies in the ranges"] : []),
  ];
  return [
    ...(said.length === 0 ? [] : [said.join(", ")]),
    ...(reason === "" ? [] : [`reason: ${reason}`]),
  ];
}

const rangesOf = ({ ranges, targets, list }: Order): string => {
  const [first] = targets;
  const what =
    ranges === 1 && first !== undefined ? first : counted(ranges, "range");
  return list === null ? what : `${what} of list "${list}"`;
};

export function whyOf(veto: Rule["veto"]): string {
  switch (veto.why) {
    case "never-list":
      return "never-ban.txt has it";
    case "tier":
      return `many share it (${veto.tier})`;
    case "agent":
      return `${veto.agent} of ${veto.org} connects from there`;
    case "held":
      return `a host of ${veto.org} held it (${veto.rule})`;
  }
}

/** Enough to look through; --json has all. */
const MOST_LINES = 100;
