import type { Answers } from "../../api-types.js";
import { counted, type Tone } from "../../parts/bits.js";

export type Glass = Answers["listBrokenGlass"]["items"][number];

export function verdictOf({ verdict }: Glass): readonly [string, Tone] {
  if (verdict === null) return ["waits for a review", "warn"];
  return verdict === "justified"
    ? ["justified", "good"]
    : ["not justified", "bad"];
}

/** "ban 203.0.113.0/24" */
export const deedOf = ({ action, ranges, targets }: Glass): string => {
  const [first] = targets;
  const what =
    ranges === 1 && first !== undefined ? first : counted(ranges, "range");
  return `${VERBS[action]} ${what}`;
};

const VERBS: Readonly<Record<Glass["action"], string>> = {
  ...{ ban: "Banned", lift: "Lifted", import: "Imported" },
};
