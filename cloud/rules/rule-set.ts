/** Rules as they were read: nothing is optional any more. */
export interface Rule {
  readonly name: string;
  /** For people; empty: nothing. */
  readonly why: string;
  readonly sees: Sees;
  /** How far back it looks. */
  readonly windowMs: number;
  /** Whose word counts: of orgs as they weigh, or of each host alike. */
  readonly counts: "orgs" | "every-host";
  readonly needs: Needs;
  readonly ban: Life;
  /** No decision of it is surer than this: from 0 to 1. */
  readonly confidence: number;
}

/** Which sources it is about, beside what was seen of them. */
export interface Sees {
  /** Detections of these sensors alone; undefined: of any. */
  readonly sensors: readonly string[] | undefined;
  /** Only what one of these lists holds; undefined: whatever they hold. */
  readonly lists: readonly string[] | undefined;
  /** Only who was banned on evidence so often before. */
  readonly bannedBefore: BannedBefore | undefined;
}

export interface BannedBefore {
  readonly times: number;
  readonly withinMs: number;
}

/** All of it has to be there; 0 asks for nothing. */
export interface Needs {
  /** The sum of what orgs weigh, each from 0 to 1. */
  readonly weight: number;
  /** Different orgs that weigh `SOLID` or more. */
  readonly orgs: number;
  readonly hosts: number;
  readonly failures: number;
  readonly spread: Spread;
}

/** Seen in at least so many of the equal parts of the window. */
export interface Spread {
  readonly active: number;
  readonly of: number;
}

/** How long a ban lasts, in seconds, and how that grows. */
export interface Life {
  readonly forS: number;
  /** By this factor for each ban before, up to a ceiling. */
  readonly growing: Growth | undefined;
}

export interface Growth {
  readonly factor: number;
  readonly upToS: number;
  readonly withinMs: number;
}

/** An org that weighs so much counts as one. */
export const SOLID = 0.5;

/** No rule looks further back: what is spent is known for so long. */
export const LONGEST_WINDOW_MS = 7 * 24 * 60 * 60 * 1000;

export const NOT_SPREAD: Spread = { active: 1, of: 1 };

/** The furthest that any of them looks back. */
export const longestWindow = (rules: readonly Rule[]): number =>
  Math.max(0, ...rules.map(({ windowMs }) => windowMs));

/** Seconds that a ban lasts, of one who was banned so often before. */
export function lifeOf({ forS, growing }: Life, before: number): number {
  if (growing === undefined) return forS;
  const { factor, upToS } = growing;
  return Math.round(Math.min(upToS, forS * factor ** before));
}

/** What is ruled by before any rules were published: the settings say it. */
export interface BuiltInSettings {
  readonly orgs: number;
  readonly hosts: number;
  readonly windowMs: number;
  readonly banForS: number;
}

/** 0 turns a rule off. */
export function builtIn(settings: BuiltInSettings): readonly Rule[] {
  const { orgs, hosts, windowMs, banForS } = settings;
  const common = {
    ...{ why: "", windowMs, confidence: SUREST },
    sees: { sensors: undefined, lists: undefined, bannedBefore: undefined },
    ban: { forS: banForS, growing: undefined },
  };
  const needs = { failures: 0, spread: NOT_SPREAD };
  const severalOrgs: Rule = {
    ...common,
    ...{ name: "several-orgs", counts: "orgs" },
    // So many orgs at least: none weighs more than 1.
    needs: { ...needs, weight: orgs, orgs: 0, hosts: 0 },
  };
  const severalHosts: Rule = {
    ...common,
    ...{ name: "several-hosts", counts: "every-host" },
    needs: { ...needs, weight: 0, orgs: 0, hosts },
  };
  return [
    ...(orgs > 0 ? [severalOrgs] : []),
    ...(hosts > 0 ? [severalHosts] : []),
  ];
}

/** Of a rule that says nothing of it. */
export const SUREST = 0.99;
