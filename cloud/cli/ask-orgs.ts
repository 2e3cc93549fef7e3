import type * as v from "valibot";
import type { EnrolmentToken } from "../api/routes/enrolment-tokens.js";
import type { Org } from "../api/routes/orgs.js";
import type { Client } from "./client.js";
import { allOf } from "./pages.js";

export type OrgItem = v.InferOutput<typeof Org>;
export type MadeToken = v.InferOutput<typeof EnrolmentToken>;

export const orgsOf = async (client: Client): Promise<readonly OrgItem[]> =>
  allOf(client, "/orgs");

/** Its id is made from its name, unless one is given. */
export const addOrg = async (
  client: Client,
  name: string,
  id?: string,
): Promise<OrgItem> => client.ask("POST", "/orgs", { name, id });

export const makeToken = async (
  client: Client,
  order: { readonly org: string; readonly expiresIn: string },
): Promise<MadeToken> => client.ask("POST", "/enrolment-tokens", order);
