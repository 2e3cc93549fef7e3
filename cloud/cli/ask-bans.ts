import type { Readable } from "node:stream";
import type * as v from "valibot";
import type { Ban, BansPage } from "../api/routes/ban-list.js";
import type { BanAnswer } from "../api/routes/bans.js";
import type { ImpactAnswer } from "../api/routes/impact.js";
import type { ImportAnswer } from "../api/routes/imports.js";
import type { LiftAnswer } from "../api/routes/lifts.js";
import type { Rings } from "../api/routes/orders.js";
import type { OrderWaits } from "../api/routes/two-persons.js";
import type { Client } from "./client.js";
import { textOf, type Query } from "./pages.js";

export type BanItem = v.InferOutput<typeof Ban>;
export type RingsTold = v.InferOutput<typeof Rings>;
export type BanTold = v.InferOutput<typeof BanAnswer>;
export type LiftTold = v.InferOutput<typeof LiftAnswer>;
export type ImportTold = v.InferOutput<typeof ImportAnswer>;
export type WaitsTold = v.InferOutput<typeof OrderWaits>;
export type ImpactTold = v.InferOutput<typeof ImpactAnswer>;

/** What an order is about; without a feed it goes to the caller's usual one. */
interface Order {
  readonly ranges: readonly string[];
  readonly feed: string | undefined;
}

export const ban = async (
  client: Client,
  order: Order & {
    readonly for: string;
    readonly reason: string;
    readonly observe: boolean;
    readonly replace: boolean;
    readonly rings: string | undefined;
    readonly noRings: boolean;
    readonly dryRun: boolean;
    readonly breakGlass: string | undefined;
  },
): Promise<BanTold | WaitsTold> => client.ask("POST", "/bans", order);

export const lift = async (
  client: Client,
  order: Order & {
    readonly reason: string;
    readonly allFeeds: boolean;
    readonly within: boolean;
    readonly dryRun: boolean;
    readonly breakGlass: string | undefined;
  },
): Promise<LiftTold | WaitsTold> => client.ask("POST", "/lifts", order);

/** One page. */
export const bansOf = async (
  client: Client,
  query: Query,
): Promise<v.InferOutput<typeof BansPage>> =>
  client.ask("GET", `/bans${textOf(query)}`);

export const impactOf = async (
  client: Client,
  order: Order,
): Promise<ImpactTold> => client.ask("POST", "/impact", order);

export const importList = async (
  client: Client,
  list: Readable,
  terms: Query,
): Promise<ImportTold | WaitsTold> =>
  client.send(`/imports${textOf(terms)}`, list);
