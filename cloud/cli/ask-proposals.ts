import type * as v from "valibot";
import type {
  Proposal,
  ProposalTold,
  Released,
} from "../api/routes/proposals.js";
import type { Rules } from "../api/routes/rules.js";
import type { Client } from "./client.js";
import { pageOf, type Page, type Query } from "./pages.js";

export type ProposalItem = v.InferOutput<typeof Proposal>;
export type RulesTold = v.InferOutput<typeof Rules>;

/** One of them, with all that it is of. */
export const proposalOf = async (
  client: Client,
  proposal: string,
): Promise<v.InferOutput<typeof ProposalTold>> =>
  client.ask("GET", pathOf(proposal));

/** One page, newest first. */
export const proposalsOf = async (
  client: Client,
  query: Query,
): Promise<Page<ProposalItem>> => pageOf(client, "/proposals", query);

export const release = async (
  client: Client,
  proposal: string,
  order: { readonly for: string; readonly reason: string },
): Promise<v.InferOutput<typeof Released>> =>
  client.ask("POST", `${pathOf(proposal)}/release`, order);

export const refuse = async (
  client: Client,
  proposal: string,
  said: { readonly reason: string; readonly wrong: boolean },
): Promise<{ readonly proposal: string }> =>
  client.ask("POST", `${pathOf(proposal)}/refuse`, said);

/** How the rules' rate stands. */
export const rulesOf = async (client: Client): Promise<RulesTold> =>
  client.ask("GET", "/rules");

const pathOf = (proposal: string): string =>
  `/proposals/${encodeURIComponent(proposal)}`;
