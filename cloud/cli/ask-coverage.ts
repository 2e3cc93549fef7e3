import type * as v from "valibot";
import type { Coverage, CoverageAnswer } from "../api/routes/coverage.js";
import type { Client } from "./client.js";
import { pageOf, textOf, type Page, type Query } from "./pages.js";

export type CoverageItem = v.InferOutput<typeof Coverage>;
export type CoverageTold = v.InferOutput<typeof CoverageAnswer>;
export type HostCovered = CoverageTold["hosts"][number];

/** One page, newest first. */
export const coveragePage = async (
  client: Client,
  query: Query,
): Promise<Page<CoverageItem>> => pageOf(client, "/coverage", query);

/** Who holds a decision, host by host. */
export const coverageOf = async (
  client: Client,
  decision: string,
  query: Query = {},
): Promise<CoverageTold> =>
  client.ask(
    "GET",
    `/coverage/${encodeURIComponent(decision)}${textOf(query)}`,
  );
