/**
 * A question on its way into a thread. They are answered in their order, but for
 * those that are answered in slices.
 */
export interface ThreadRequest<Q> {
  readonly id: number;
  readonly question: Q;
}

export type ThreadMessage<Q> =
  | ThreadRequest<Q>
  /** Nobody waits for the answer to that question any more. */
  | { readonly stop: number }
  | "close";

export type ThreadReply<A> =
  | { readonly id: number; readonly answer: A }
  | { readonly id: number; readonly failure: string };

/** What a thread says by itself: why it lags behind, or that it does no more. */
export interface ThreadReport {
  readonly trouble: string | undefined;
}
