import type * as v from "valibot";
import type { Coverage, CoverageAnswer } from "../api/routes/coverage.js";
import type { WhyAnswer } from "../api/routes/why.js";
import type { Client } from "./client.js";
import { pageOf, textOf, type Page, type Query } from "./pages.js";

export type CoverageItem = v.InferOutput<typeof Coverage>;
export type CoverageTold = v.InferOutput<typeof CoverageAnswer>;
export type WhyTold = v.InferOutput<typeof WhyAnswer>;
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

/** All that the cloud knows of a range. */
export const whyOf = async (client: Client, range: string): Promise<WhyTold> =>
  client.ask("GET", `/why${textOf({ range })}`);
