/** Which rules decide, and what others would have decided. */
export type RuleEvent = RulesPublished | ShadowEnded | Shadowed;

/** Rules count from here on, or are watched in the shadow of those that do. */
export interface RulesPublished {
  readonly kind: "rules-published";
  /** Of all rules that were published, from 1. */
  readonly version: number;
  /** YAML, as it was given. */
  readonly text: string;
  readonly mode: "in-force" | "shadow";
  readonly by: string;
}

/** No rules are watched any more. */
export interface ShadowEnded {
  readonly kind: "shadow-ended";
  readonly version: number;
  readonly by: string;
}

/** What rules in the shadow would have banned since it was told last. */
export interface Shadowed {
  readonly kind: "shadowed";
  readonly version: number;
  readonly counts: readonly ShadowCount[];
  /** The newest of them, oldest first. */
  readonly bans: readonly ShadowBan[];
}

export interface ShadowCount {
  readonly rule: string;
  readonly bans: number;
  /** Of these, what would have gone to a person. */
  readonly vetoed: number;
  /** Of these, whom everybody banned already. */
  readonly stood: number;
}

export interface ShadowBan {
  readonly rule: string;
  readonly attacker: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Seconds. */
  readonly lasts: number;
  readonly orgs: number;
  readonly hosts: number;
  readonly confidence: number;
  /** Why a person would decide; null: nothing. */
  readonly veto: "never-list" | "tier" | "agent" | "held" | null;
  readonly stood: boolean;
}
