import type * as v from "valibot";
import type {
  AgentOut,
  Changed,
  CloneOut,
  Tagged,
} from "../api/routes/agent-shapes.js";
import type { Detection } from "../api/routes/detection.js";
import type {
  ContactOut,
  SightingOut,
} from "../api/routes/telemetry-shapes.js";
import type { Client } from "./client.js";
import { allOf, pageOf, type Page, type Query } from "./pages.js";

/** What the API says of hosts, and what operators change there. */

export type AgentItem = v.InferOutput<typeof AgentOut>;
export type CloneItem = v.InferOutput<typeof CloneOut>;
export type DetectionItem = v.InferOutput<typeof Detection>;
export type ContactItem = v.InferOutput<typeof ContactOut>;
export type SightingItem = v.InferOutput<typeof SightingOut>;

export const agentsOf = async (
  client: Client,
  query: Query = {},
): Promise<readonly AgentItem[]> => allOf(client, "/agents", query);

/** Newest first. */
export const clonesOf = async (client: Client): Promise<readonly CloneItem[]> =>
  allOf(client, "/clones");

/** Newest first. */
export const detectionsOf = async (
  client: Client,
  query: Query,
): Promise<Page<DetectionItem>> => pageOf(client, "/detections", query);

/** As `detectionsOf`, of those that no rule acted on: their pages may be short. */
export async function unactedOf(
  client: Client,
  query: Query,
): Promise<Page<DetectionItem>> {
  const limit = Number(query["limit"]);
  const items: DetectionItem[] = [];
  for (let cursor: string | undefined; ;) {
    const left = { limit: String(limit - items.length), unacted: "true" };
    const asked = { ...query, ...left, cursor };
    const page = await detectionsOf(client, asked);
    items.push(...page.items);
    const { next } = page;
    if (next === null || !(items.length < limit)) return { items, next };
    cursor = next;
  }
}

/** Newest first. */
export const contactsOf = async (
  client: Client,
  query: Query,
): Promise<Page<ContactItem>> => pageOf(client, "/contacts", query);

/** Those with the most packets first. */
export const sightingsOf = async (
  client: Client,
  query: Query,
): Promise<Page<SightingItem>> => pageOf(client, "/sightings", query);

type Change = v.InferOutput<typeof Changed>;

export const revokeAgent = async (
  client: Client,
  agent: string,
  reason: string,
): Promise<Change> => {
  const order = reason === "" ? {} : { reason };
  return client.ask("POST", `${pathOf(agent)}/revoke`, order);
};

export const forgetAgent = async (
  client: Client,
  agent: string,
): Promise<Change> => client.ask("POST", `${pathOf(agent)}/forget`);

export const clearClones = async (
  client: Client,
  agent: string,
): Promise<Change> => client.ask("POST", `${pathOf(agent)}/clear-clones`);

export const tagAgent = async (
  client: Client,
  agent: string,
  tags: readonly string[],
): Promise<v.InferOutput<typeof Tagged>> =>
  client.ask("PUT", `${pathOf(agent)}/tags`, { tags });

const pathOf = (agent: string): string =>
  `/agents/${encodeURIComponent(agent)}`;
