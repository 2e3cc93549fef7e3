import type * as v from "valibot";
import type { PolicyAnswer, PolicyTold } from "../api/routes/policies.js";
import type { OrderWaits } from "../api/routes/two-persons.js";
import type { Client } from "./client.js";

export type Told = v.InferOutput<typeof PolicyTold>;

export type PolicyPublished =
  v.InferOutput<typeof PolicyAnswer> | v.InferOutput<typeof OrderWaits>;

export const policyOf = async (client: Client, org: string): Promise<Told> =>
  client.ask("GET", pathOf(org));

export const publishPolicy = async (
  client: Client,
  org: string,
  order: {
    readonly file: string;
    readonly dryRun: boolean;
    readonly extend: boolean;
  },
): Promise<PolicyPublished> => client.ask("POST", pathOf(org), order);

export const unholdPolicy = async (
  client: Client,
  org: string,
  decision: string,
): Promise<Told> => {
  const id = encodeURIComponent(decision);
  return client.ask("DELETE", `${pathOf(org)}/holds/${id}`);
};

const pathOf = (org: string): string =>
  `/orgs/${encodeURIComponent(org)}/policy`;
