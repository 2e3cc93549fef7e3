import type { ObservationsDigested } from "../journal/decision-events.js";
import type { Facts } from "./tree-store.js";

/** What the thread of the tree is started with: paths of files. */
export interface TreeSetup {
  readonly decisions: string;
  readonly observations: string;
  readonly tree: string;
}

/** Where the tree stands. */
export interface TreeState {
  readonly size: number;
  readonly root: Uint8Array;
  readonly facts: Facts;
}

export type TreeQuestion =
  | { readonly ask: "state" }
  /** The state, and that it begins with the tree of the size; or nothing. */
  | { readonly ask: "growth"; readonly from: number }
  | { readonly ask: "tile"; readonly level: number; readonly index: number }
  | { readonly ask: "bundle"; readonly index: number }
  /** The next digest of observations, as of the state. */
  | { readonly ask: "digest" };

export interface TreeAnswers {
  state: TreeState;
  growth: TreeState & { readonly proof: readonly Uint8Array[] };
  tile: readonly Uint8Array[] | undefined;
  bundle: readonly Uint8Array[] | undefined;
  digest: {
    readonly state: TreeState;
    readonly digest: ObservationsDigested | undefined;
  };
}
