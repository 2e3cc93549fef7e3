/** An event, once it has its place in the order. */
export interface Recorded<E> {
  /** Ascending; some numbers may be nobody's. */
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly event: E;
}

/** What stood here was erased: folds pass over it. */
export interface Gone {
  readonly kind: "gone";
}

export const GONE: Gone = { kind: "gone" };
