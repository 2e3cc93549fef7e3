import type * as v from "valibot";
import type {
  EnrolmentToken,
  ListedToken,
} from "../api/routes/enrolment-tokens.js";
import type { Org } from "../api/routes/orgs.js";
import type { OrgWeight } from "../api/routes/weights.js";
import type { WaitsTold } from "./ask-bans.js";
import type { Client } from "./client.js";
import { allOf, textOf, type Query } from "./pages.js";

export type OrgItem = v.InferOutput<typeof Org>;
export type WeightItem = v.InferOutput<typeof OrgWeight>;
export type TokenItem = v.InferOutput<typeof ListedToken>;
export type MadeToken = v.InferOutput<typeof EnrolmentToken>;

export const orgsOf = async (client: Client): Promise<readonly OrgItem[]> =>
  allOf(client, "/orgs");

export const orgWeights = async (
  client: Client,
): Promise<readonly WeightItem[]> => allOf(client, "/org-weights");

export const vouchFor = async (
  client: Client,
  org: string,
  vouch: { readonly why: string; readonly for: string },
): Promise<WeightItem | WaitsTold> =>
  client.ask("POST", `/orgs/${encodeURIComponent(org)}/vouch`, vouch);

export const withdrawVouch = async (
  client: Client,
  org: string,
  reason: string,
): Promise<WeightItem> =>
  client.ask(
    "DELETE",
    `/orgs/${encodeURIComponent(org)}/vouch${textOf({ reason })}`,
  );

/** Its id is made from its name, unless one is given. */
export const addOrg = async (
  client: Client,
  name: string,
  id?: string,
): Promise<OrgItem> => client.ask("POST", "/orgs", { name, id });

export const makeToken = async (
  client: Client,
  order: {
    readonly org: string;
    readonly expiresIn: string;
    readonly label?: string | undefined;
    readonly mode?: string | undefined;
    readonly uses?: number | undefined;
    readonly tags?: readonly string[] | undefined;
    readonly networks?: readonly string[] | undefined;
  },
): Promise<MadeToken> => client.ask("POST", "/enrolment-tokens", order);

/** The newest first. */
export const tokensOf = async (
  client: Client,
  query: Query,
): Promise<readonly TokenItem[]> => allOf(client, "/enrolment-tokens", query);

export const revokeToken = async (
  client: Client,
  id: string,
  reason: string,
): Promise<TokenItem> => {
  const path = `/enrolment-tokens/${encodeURIComponent(id)}`;
  return client.ask("DELETE", path + textOf({ reason }));
};
