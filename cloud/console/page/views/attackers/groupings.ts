import type { Answers } from "../../api-types.js";

export type AttackersPage = Answers["listAttackers"];
export type Attacker = AttackersPage["items"][number];

const TOGETHER = ["net", "country", "org"] as const;

/** What attackers have in common. */
export type Together = (typeof TOGETHER)[number];

/** @param show as the address has it */
export const groupingOf = (show: string): Together | "address" =>
  TOGETHER.find((each) => each === show) ?? "address";

/** What the attackers of a group are asked for by. */
export function groupQuery(by: Together, name: string | null): string {
  if (name === null) return `not ${by}:*`;
  return by === "net" ? `address:${name}` : `${by}:${name}`;
}
