import type { CoveredHost, Decision } from "../api-types.js";
import { count } from "./bits.js";

/** What a decision does, as a title has it: "Ban 203.0.113.7 and 3 more". */
export function titleOf(decision: Decision): string {
  const { action, targets, ranges, observed } = decision;
  if (action === "import") return `Import of ${count(ranges)} ranges`;
  const verb = action === "lift" ? "Lift" : observed ? "Observe" : "Ban";
  const [first = ""] = targets;
  return ranges > 1
    ? `${verb} ${first} and ${count(ranges - 1)} more`
    : `${verb} ${first}`;
}

/** What hosts do that do what was decided: "In force". */
export function doneOf({
  action,
  observed,
}: Pick<Decision, "action" | "observed">): string {
  if (action === "lift") return "Lifted";
  return observed ? "Counted" : "In force";
}

/** What hosts of a state do, for who reads of several of them. */
export const STATES: Readonly<Record<CoveredHost["state"], string>> = {
  "in-force": "It is in force.",
  observed: "They only count what it would stop, and drop nothing.",
  "on-trial": "They try it, and keep it if they are seen to live on.",
  "taken-back": "They tried it, were not seen to live on, and took it back.",
  held: "Their guards hold it back.",
  "held-in-part": "Their guards hold some of it back.",
  passed: "They took it in; their receipt is of a later change.",
  refused: "They did not believe it.",
  waiting: "They are connected, and have not answered yet.",
  offline: "They are not there.",
  ring: "It is not their turn yet: wide bans go ring by ring.",
  released: "Their operators released it there for a while.",
  "rolled-back": "Their operators went back to before it.",
  "not-enforcing": "Their kernels do not hold what they should.",
};

/** The same in a word or two, of one of them. */
export const STATE_WORDS: Readonly<Record<CoveredHost["state"], string>> = {
  "in-force": "in force",
  observed: "only counts",
  "on-trial": "on trial",
  "taken-back": "taken back",
  held: "held back",
  "held-in-part": "held in part",
  passed: "taken in",
  refused: "refused",
  waiting: "no answer yet",
  offline: "offline",
  ring: "waits its turn",
  released: "released there",
  "rolled-back": "rolled back there",
  "not-enforcing": "not enforcing",
};
