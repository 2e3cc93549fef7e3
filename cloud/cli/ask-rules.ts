import type * as v from "valibot";
import type {
  Published,
  RulesText,
  ShadowBanTold,
  TrialTold,
  Version,
} from "../api/routes/rule-sets.js";
import type { WaitsTold } from "./ask-bans.js";
import type { Client } from "./client.js";
import { pageOf, type Page, type Query } from "./pages.js";

/** What the API says of rules, and what operators do with them. */

export type VersionItem = v.InferOutput<typeof Version>;
export type ShadowBanItem = v.InferOutput<typeof ShadowBanTold>;
export type TrialItem = v.InferOutput<typeof TrialTold>;
type PublishedTold = v.InferOutput<typeof Published>;

/** Newest first. */
export const ruleVersionsOf = async (
  client: Client,
): Promise<Page<VersionItem>> => pageOf(client, "/rules/versions");

export const rulesTextOf = async (
  client: Client,
  version: number,
): Promise<v.InferOutput<typeof RulesText>> =>
  client.ask("GET", `/rules/versions/${version}`);

/** Newest first. */
export const shadowBansOf = async (
  client: Client,
  query: Query,
): Promise<Page<ShadowBanItem>> => pageOf(client, "/rules/shadow", query);

export const publishRules = async (
  client: Client,
  text: string,
): Promise<PublishedTold | WaitsTold> => client.ask("POST", "/rules", { text });

export const shadowRules = async (
  client: Client,
  text: string,
): Promise<PublishedTold> => client.ask("PUT", "/rules/shadow", { text });

export const endShadow = async (client: Client): Promise<PublishedTold> =>
  client.ask("DELETE", "/rules/shadow");

export const testRules = async (
  client: Client,
  text: string,
  since: string,
): Promise<TrialItem> => client.ask("POST", "/rules/test", { text, since });
