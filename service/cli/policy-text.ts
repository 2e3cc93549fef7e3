import { printable } from "../../agent/log/printable.js";
import { countText } from "../../agent/text/count.js";
import type { PolicyView } from "../control/policy-view.js";
import { momentText } from "../terminal/when.js";

/** One line where there is a policy, or would be if this host wanted it. */
export function policyLines(policy: PolicyView): readonly string[] {
  switch (policy.at) {
    case "none":
      return [];
    case "off":
      return ["policy: none is taken (guard.policy is off)"];
    case "ended":
      return [
        `policy: ${nameOf(policy)} ended ${momentText(policy.until ?? "")}${moreText(policy)}`,
      ];
    case "counts": {
      const allows = countText(policy.allowed.length, "range");
      return [
        `policy: ${nameOf(policy)} allows ${allows}, until ${momentText(policy.until ?? "")}${moreText(policy)}`,
      ];
    }
  }
}

/** The same, and all that it allows. */
export const policyDetails = (policy: PolicyView): readonly string[] => [
  ...policyLines(policy),
  ...policy.allowed.map(
    ({ range, until, why }) =>
      `  allowed: ${range} until ${momentText(until)}: ${printable(why)}`,
  ),
  ...policy.held.map(
    ({ feed, range, until, why }) =>
      `  held: ${range} of ${feed} until ${momentText(until)}: ${printable(why)}`,
  ),
];

const moreText = ({ held, feeds }: PolicyView): string => {
  const holds = `; holds ${countText(held.length, "ban")} of feeds`;
  const follows = `; follows ${feeds.join(", ")}`;
  return `${held.length > 0 ? holds : ""}${feeds.length > 0 ? follows : ""}`;
};

function nameOf({ version, groups }: PolicyView): string {
  const of =
    groups.length === 0
      ? ""
      : ` for ${groups.map((it) => printable(it)).join(", ")}`;
  return `version ${version ?? 0}${of}`;
}
