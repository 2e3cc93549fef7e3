import type { Answers } from "../../../dist/console-types/answers.js";

/** The API's answers, by the very shapes that the cloud answers in. */
export type { Answers };

/** What an order comes to that does not wait for a second person. */
type Done<A> = Exclude<A, { readonly proposal: string }>;

type Item<A> = A extends { readonly items: readonly (infer T)[] } ? T : never;

export type Session = Answers["showSession"];
export type Host = Answers["getAgent"];
export type Ban = Item<Answers["listBans"]>;
export type Banned = Done<Answers["ban"]>;
export type Lifted = Done<Answers["lift"]>;
export type Undone = Done<Answers["undoDecision"]>;
export type Decision = Item<Answers["listDecisions"]>;
export type DecisionDetail = Answers["getDecision"];
export type CoverageDetail = Answers["getCoverage"];
export type Covered = CoverageDetail["coverage"];
export type CoveredHost = CoverageDetail["hosts"][number];
export type Proposal = Item<Answers["listProposals"]>;
export type Contest = Item<Answers["listContests"]>;
export type Impact = Answers["askImpact"];
export type Why = Answers["explainRange"];
export type Call = Item<Answers["listCalls"]>;
export type Operator = Answers["getOperator"];
export type Credential = Item<Answers["listCredentials"]>;
export type Status = Answers["getStatus"];

/** One thing that happened, with its place in the log. */
export type Told = Answers["followLive"]["items"][number];
export type News = Told["news"];

/** A page of a list. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
  readonly total?: number;
}
