import type * as v from "valibot";
import type { CarriedReceipts } from "../../agent/protocol/carried.js";
import type { SignedText } from "../../agent/protocol/signed-text.js";
import type {
  ApprovalOut,
  ApprovalPublished,
} from "../api/routes/approvals.js";
import type { Taken } from "../api/routes/carried-receipts.js";
import type { RootPublished } from "../api/routes/roots.js";
import type { StatusOut } from "../api/routes/status.js";
import type { Client } from "./client.js";
import { allOf } from "./pages.js";

/** What the API says of the cloud itself, and of what is carried by hand. */

export type StatusItem = v.InferOutput<typeof StatusOut>;
type ApprovalItem = v.InferOutput<typeof ApprovalOut>;
export type TakenItem = v.InferOutput<typeof Taken>;

export const statusOf = async (client: Client): Promise<StatusItem> =>
  client.ask("GET", "/status");

export const approvalsOf = async (
  client: Client,
): Promise<readonly ApprovalItem[]> => allOf(client, "/approvals");

export const publishApproval = async (
  client: Client,
  text: SignedText,
): Promise<v.InferOutput<typeof ApprovalPublished>> =>
  client.ask("POST", "/approvals", text);

export const publishRoot = async (
  client: Client,
  text: SignedText,
): Promise<v.InferOutput<typeof RootPublished>> =>
  client.ask("POST", "/roots", text);

export const takeCarried = async (
  client: Client,
  carried: CarriedReceipts,
): Promise<TakenItem> => client.ask("POST", "/carried-receipts", carried);
