/** A request without whoever sends it. */
export interface Asked {
  /** "good", or how it was bent. */
  readonly kind: string;
  readonly method: string;
  /** Encoded, with its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | undefined;
}

/** A request before it is written down. */
export interface Plan {
  readonly params: Readonly<Record<string, string>>;
  readonly query: readonly (readonly [string, string])[];
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined: none is due. */
  readonly body: unknown;
}
