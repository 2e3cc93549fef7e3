/** How a followed feed stands on one connection. */
export type FeedState =
  /** The cloud owes a plan; overdue once a head came in its place. */
  | { readonly at: "awaiting"; readonly overdue: boolean }
  /** It is being fetched, or about to be asked for. */
  | { readonly at: "busy" }
  /** Segments are expected as they are made. */
  | { readonly at: "live" };

/** The cloud owes the plan of every feed that its welcome leaves out. */
export const AWAITING: FeedState = { at: "awaiting", overdue: false };
