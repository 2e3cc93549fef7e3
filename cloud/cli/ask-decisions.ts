import type * as v from "valibot";
import type {
  Decision,
  DecisionAnswer,
  DecisionsPage,
  HostOutcome,
} from "../api/routes/decisions.js";
import type { Client } from "./client.js";
import { textOf, type Query } from "./pages.js";

export type DecisionItem = v.InferOutput<typeof Decision>;
export type DecisionTold = v.InferOutput<typeof DecisionAnswer>;
export type OutcomeTold = v.InferOutput<typeof HostOutcome>;

/** One page, newest first. */
export const decisionsOf = async (
  client: Client,
  query: Query,
): Promise<v.InferOutput<typeof DecisionsPage>> =>
  client.ask("GET", `/decisions${textOf(query)}`);

/** What became of a decision. */
export const decisionOf = async (
  client: Client,
  id: string,
): Promise<DecisionTold> =>
  client.ask("GET", `/decisions/${encodeURIComponent(id)}`);
