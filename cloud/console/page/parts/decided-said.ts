import type { Decision } from "../api-types.js";
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
