import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { News, Page } from "../api-types.js";
import { ApiProblem, apiPath, ask, type Query } from "../api.js";
import { retryAfter } from "../asked-state.js";
import { live } from "../live.js";
import { forgetSession } from "../session.js";
import { useEvery } from "../use-asked.js";

/** The rows of a list, as far as they were read. */
export interface Paged<T, P extends Page<T> = Page<T>> {
  readonly rows: readonly T[];
  /** The page that was read last. */
  readonly last: P | undefined;
  /** How many there are in all; undefined: nobody counts them. */
  readonly total: number | undefined;
  readonly isComplete: boolean;
  readonly isLoading: boolean;
  readonly error: Error | undefined;
  /** Rows up to here are in sight: what is missing is read. */
  readonly onSight: (first: number, end: number) => void;
  /** Something happened that may have changed the list: nothing moves until one asks. */
  readonly isStale: boolean;
  readonly refresh: () => void;
}

interface State<T, P extends Page<T>> {
  readonly rows: readonly T[];
  readonly last: P | undefined;
  readonly next: string | null;
  readonly failed: Failed<T> | undefined;
  readonly isLoading: boolean;
}

/** What could not be read: what follows these rows. */
interface Failed<T> {
  readonly error: Error;
  /** One after the other, up to now. */
  readonly failures: number;
  readonly cursor: string | undefined;
  readonly before: readonly T[];
}

const EMPTY = {
  ...{ rows: [], next: null, last: undefined },
  ...{ failed: undefined, isLoading: true },
};

/** Beyond that a query is of more use than a scroll bar. */
export const MOST_ROWS = 20_000;
const A_PAGE = 200;

/**
 * Reads a list of the API page by page, as it is scrolled through.
 * @param staleAfterMs of a list that changes all the time, without news of it
 */
export function usePaged<T, P extends Page<T> = Page<T>>(
  path: string,
  query: Query,
  on: readonly News["kind"][] = [],
  staleAfterMs?: number,
): Paged<T, P> {
  const asked = apiPath(path, { limit: A_PAGE, ...query });
  const [state, setState] = useState<State<T, P>>(EMPTY);
  const [round, setRound] = useState(0);
  const reading = useRef<AbortController | undefined>(undefined);

  const read = useCallback(
    async (
      cursor: string | undefined,
      before: readonly T[],
      isUnattended = false,
    ) => {
      const aborter = new AbortController();
      reading.current?.abort();
      reading.current = aborter;
      setState((was) => ({
        ...was,
        isLoading: true,
        failed: isUnattended ? was.failed : undefined,
      }));
      try {
        const more = apiPath(path, { limit: A_PAGE, ...query, cursor });
        const last = await ask<P>(more, {
          signal: aborter.signal,
          isUnattended,
        });
        const rows = [...before, ...last.items];
        const next = rows.length < MOST_ROWS ? last.next : null;
        setState({ rows, last, next, failed: undefined, isLoading: false });
      } catch (error) {
        if (aborter.signal.aborted) return;
        if (error instanceof ApiProblem && error.status === 401)
          forgetSession();
        setState((was) => {
          const failures = (was.failed?.failures ?? 0) + 1;
          const failed = { error: error as Error, failures, cursor, before };
          return { ...was, failed, isLoading: false };
        });
      } finally {
        if (reading.current === aborter) reading.current = undefined;
      }
    },
    [asked],
  );

  useEffect(() => {
    void read(undefined, []);
    return () => reading.current?.abort();
  }, [read, round]);
  const isStale = useStale(`${asked} ${round}`, on, staleAfterMs);
  useRetry(state, read);

  const { rows, next } = state;
  const onSight = useCallback(
    (_first: number, end: number) => {
      const isNear = end > rows.length - A_PAGE / 2;
      if (next === null || reading.current !== undefined || !isNear) return;
      void read(next, rows);
    },
    [read, rows, next],
  );
  const { last, isLoading, failed } = state;
  const error = failed?.error;
  useEffect(() => {
    // A page may have no rows and not be the last: there is nothing to scroll yet.
    if (rows.length === 0 && !isLoading && error === undefined) onSight(0, 1);
  }, [rows, isLoading, error, onSight]);
  return {
    ...{ rows, last, total: last?.total, isComplete: next === null },
    ...{ isLoading, error, onSight, isStale },
    refresh: () => setRound((each) => each + 1),
  };
}

/**
 * Whether something happened since a list was read.
 * @param of which reading it is
 */
function useStale(
  of: string,
  on: readonly News["kind"][],
  afterMs: number | undefined,
): boolean {
  const [stale, setStale] = useState<string | undefined>();
  useEffect(() => setStale(undefined), [of]);
  useEffect(
    () =>
      live.listen((news, isMissing) => {
        const isMeant = news.some((each) => on.includes(each.news.kind));
        if (isMeant || isMissing) setStale(of);
      }),
    [of, on.join()],
  );
  useEffect(() => {
    if (afterMs === undefined) return undefined;
    const timer = setTimeout(() => setStale(of), afterMs);
    return () => clearTimeout(timer);
  }, [of, afterMs]);
  return stale === of;
}

/** Reads again what failed: when the stream is back, and after a while. */
function useRetry<T>(
  { failed, isLoading }: Pick<State<T, Page<T>>, "failed" | "isLoading">,
  read: (
    cursor: string | undefined,
    before: readonly T[],
    isUnattended: boolean,
  ) => Promise<void>,
): void {
  const again = useCallback(() => {
    if (failed !== undefined) void read(failed.cursor, failed.before, true);
  }, [failed, read]);
  useEvery(failed && !isLoading ? retryAfter(failed) : undefined, again);
  useEffect(
    () =>
      live.listen((news) => {
        if (news.length === 0) again();
      }),
    [again],
  );
}
