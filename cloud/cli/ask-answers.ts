import type * as v from "valibot";
import type {
  Divergence,
  Receipt,
  ReceiptsPage,
} from "../api/routes/answers.js";
import type { Statement } from "../api/routes/statements.js";
import type { Client } from "./client.js";
import { allOf, pageOf, textOf, type Page, type Query } from "./pages.js";

export type ReceiptItem = v.InferOutput<typeof Receipt>;
export type StatementItem = v.InferOutput<typeof Statement>;
type DivergenceItem = v.InferOutput<typeof Divergence>;

/** One page, in the order they came. */
export const receiptsOf = async (
  client: Client,
  query: Query,
): Promise<v.InferOutput<typeof ReceiptsPage>> =>
  client.ask("GET", `/receipts${textOf(query)}`);

export const divergencesOf = async (
  client: Client,
): Promise<readonly DivergenceItem[]> => allOf(client, "/divergences");

/** One page, newest first. */
export const statementsOf = async (
  client: Client,
  query: Query,
): Promise<Page<StatementItem>> => pageOf(client, "/statements", query);
