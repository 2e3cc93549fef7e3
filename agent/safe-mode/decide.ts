import type { FeedName } from "../model/position.js";

/** Times are milliseconds since 1970. */
export interface RunRecord {
  /** Starts whose run ended uncleanly before it had lasted. */
  readonly unclean: readonly number[];
  /** The run that has not ended yet, as far as is known. */
  readonly running: { readonly at: number; readonly lasted: boolean } | null;
  /** By SHA-256 in hex: how often a run died while it took it in; the latest last. */
  readonly marks: readonly Mark[];
}

/** A suspected poison message: something signed that a run died over. */
export interface Mark {
  readonly digest: string;
  /** Undefined where not even its header was read. */
  readonly feed?: FeedName | undefined;
  readonly times: number;
}

export const NO_RUNS: RunRecord = {
  unclean: [],
  running: null,
  marks: [],
};

export interface SafeModeSettings {
  /** So many unclean starts; 0 switches all of this off. */
  readonly starts: number;
  readonly withinSeconds: number;
  readonly lastsSeconds: number;
}

/** What was being taken in when the run before this one ended. */
export type InFlight = Pick<Mark, "digest" | "feed">;

/** What a start comes to, given how those before it ended. */
export interface Decision {
  readonly record: RunRecord;
  readonly safeMode: boolean;
  /** Poison since this start. */
  readonly found: readonly Mark[];
}

/**
 * Judges the run before by the traces that it left. Where poison is found, the
 * starts so far are explained by it: they are no reason for safe mode.
 */
export function decide(
  before: RunRecord,
  inFlight: readonly InFlight[],
  settings: SafeModeSettings,
  now: number,
): Decision {
  const { running } = before;
  const died = running !== null && settings.starts > 0;
  const recent = before.unclean.filter(
    (at) => at <= now && now - at < settings.withinSeconds * 1000,
  );
  const failed = died && !running.lasted ? [...recent, now] : recent;
  const marks = died ? marked(before.marks, inFlight) : before.marks;
  const found = marks.filter(
    (mark) => isPoison(mark) && !before.marks.some((old) => isSame(old, mark)),
  );
  const unclean = found.length > 0 ? [] : failed.slice(-MOST_STARTS);
  return {
    record: { unclean, running: { at: now, lasted: false }, marks },
    safeMode: settings.starts > 0 && unclean.length >= settings.starts,
    found,
  };
}

/** Once may be chance: a message is poison when two runs have died over it. */
export const isPoison = ({ times }: Mark): boolean => times >= 2;

function marked(
  marks: readonly Mark[],
  inFlight: readonly InFlight[],
): readonly Mark[] {
  let next = marks;
  for (const { digest, feed } of inFlight) {
    const old = next.find((mark) => mark.digest === digest);
    const mark = {
      digest,
      feed: feed ?? old?.feed,
      times: (old?.times ?? 0) + 1,
    };
    next = [...next.filter((each) => each !== old), mark];
  }
  return next.slice(-MOST_MARKS);
}

const isSame = (a: Mark, b: Mark) =>
  a.digest === b.digest && isPoison(a) === isPoison(b);

/** As many as `safeMode.starts` may be. */
export const MOST_STARTS = 100;

export const MOST_MARKS = 64;
