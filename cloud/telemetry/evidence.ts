/** What one host saw of an attacker, and told in one item. */
export interface Evidence {
  /** Sequence number of the telemetry in the journal. */
  readonly seq: number;
  readonly agent: string;
  readonly org: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** How many failures it took. */
  readonly failures: number;
  readonly sensor: string;
}

/** No count is believed beyond a million: they are added up. */
export const FAILURES = "min(count, 1000000) AS failures";
