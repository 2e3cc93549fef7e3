/** Why a rule may not ban by itself. */
export interface VetoTold {
  readonly why: "never-list" | "tier" | "agent" | "held";
  readonly tier?: string;
  readonly org?: string;
  readonly rule?: string;
}

/** The same for people; of the shadow only its kind is known. */
export function vetoSays({ why, tier, org, rule }: VetoTold): string {
  const of = (name: string | undefined, before = " of ") =>
    name === undefined ? "" : before + name;
  if (why === "never-list") return "stands in the list of who is never banned";
  if (why === "tier") return `is an important address${of(tier, ": ")}`;
  if (why === "agent") return `a host${of(org)} connects from there`;
  return `a guard${of(org)} held it${of(rule, ": ")}`;
}
