/** Which of what was seen of an attacker. */
export interface EvidenceQuery {
  /** Milliseconds since 1970, of the window's two ends. */
  readonly since: number;
  readonly now: number;
  /** What observation it comes behind. */
  readonly after: number;
  /** Only what these saw; undefined: all. */
  readonly sensors: readonly string[] | undefined;
  /** Into how many equal parts the window is cut: what lies in each is apart. */
  readonly slices: number;
}

/** What one host saw of an attacker. */
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
  /** Which equal part of the window it lies in, from 0; absent: none was asked for. */
  readonly slice?: number;
}

/**
 * Without the hosts whose guard held the ban: to them the source is one of
 * their own. The greatest sensor name stands for several, and no count is
 * believed beyond a million: they are added up.
 */
const windowOf = (slice: string, by: string) => `
  SELECT max(d.seq) AS seq, d.agent, d.org, max(d.time) AS time,
    sum(min(d.count, 1000000)) AS failures, max(d.sensor) AS sensor${slice}
  FROM detections d
  WHERE d.attacker = @attacker AND d.time > @since AND d.seq > @after
    AND d.action <> 'held'
    AND (@sensors IS NULL
      OR d.sensor IN (SELECT value FROM json_each(@sensors)))
  GROUP BY ${by}`;

const SLICE = `,
    min(CAST((d.time - @since) * @slices / @length AS INTEGER),
      CAST(@slices AS INTEGER) - 1) AS slice`;

export const WINDOW = windowOf("", "d.agent");
export const SLICED_WINDOW = windowOf(SLICE, "d.agent, slice");
