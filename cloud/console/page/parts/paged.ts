import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { News, Page } from "../api-types.js";
import { ApiProblem, apiPath, ask, type Query } from "../api.js";
import { live } from "../live.js";
import { forgetSession } from "../session.js";

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
  readonly error: Error | undefined;
  readonly isLoading: boolean;
}

const EMPTY = {
  ...{ rows: [], next: null, last: undefined },
  ...{ error: undefined, isLoading: true },
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
  const [isStale, setStale] = useState(false);
  const [round, setRound] = useState(0);
  const reading = useRef<AbortController | undefined>(undefined);

  const read = useCallback(
    async (cursor: string | undefined, before: readonly T[]) => {
      const aborter = new AbortController();
      reading.current?.abort();
      reading.current = aborter;
      setState((was) => ({ ...was, isLoading: true, error: undefined }));
      try {
        const more = apiPath(path, { limit: A_PAGE, ...query, cursor });
        const last = await ask<P>(more, aborter);
        const rows = [...before, ...last.items];
        const next = rows.length < MOST_ROWS ? last.next : null;
        setState({ rows, last, next, error: undefined, isLoading: false });
      } catch (error) {
        if (aborter.signal.aborted) return;
        if (error instanceof ApiProblem && error.status === 401)
          forgetSession();
        setState((was) => ({
          ...was,
          error: error as Error,
          isLoading: false,
        }));
      } finally {
        if (reading.current === aborter) reading.current = undefined;
      }
    },
    [asked],
  );

  useEffect(() => {
    setStale(false);
    void read(undefined, []);
    return () => reading.current?.abort();
  }, [read, round]);

  useEffect(
    () =>
      live.listen((news) => {
        if (news.some((each) => on.includes(each.news.kind))) setStale(true);
      }),
    [on.join()],
  );

  useEffect(() => {
    if (staleAfterMs === undefined) return undefined;
    const timer = setTimeout(() => setStale(true), staleAfterMs);
    return () => clearTimeout(timer);
  }, [read, round, staleAfterMs]);

  const { rows, next } = state;
  const onSight = useCallback(
    (_first: number, end: number) => {
      const isNear = end > rows.length - A_PAGE / 2;
      if (next === null || reading.current !== undefined || !isNear) return;
      void read(next, rows);
    },
    [read, rows, next],
  );
  const { last, isLoading, error } = state;
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
