import type * as v from "valibot";
import type { BrokenGlass } from "../api/routes/break-glass.js";
import type { Client } from "./client.js";
import { pageOf, type Page, type Query } from "./pages.js";

export type GlassItem = v.InferOutput<typeof BrokenGlass>;

/** Newest first. */
export const brokenGlassOf = async (
  client: Client,
  query: Query,
): Promise<Page<GlassItem>> => pageOf(client, "/break-glass", query);

export const reviewGlass = async (
  client: Client,
  glass: string,
  review: Pick<GlassItem, "verdict"> & { readonly reason: string },
): Promise<GlassItem> =>
  client.ask(
    "POST",
    `/break-glass/${encodeURIComponent(glass)}/review`,
    review,
  );
