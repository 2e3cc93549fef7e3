import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { News } from "./api-types.js";
import { ApiProblem, ask, Unreachable } from "./api.js";
import { live } from "./live.js";
import { forgetSession } from "./session.js";

/** What was asked for, as it is known. */
export interface Asked<T> {
  /** The newest answer; it stays while another is asked for. */
  readonly data: T | undefined;
  readonly error: Error | undefined;
  readonly isLoading: boolean;
  readonly refresh: () => void;
}

export interface AskAgain {
  /** Milliseconds; not at all while the page is not looked at. */
  readonly every?: number;
  /** Whatever happens of these kinds. */
  readonly on?: readonly News["kind"][];
}

/** News come in bursts: one question answers to all of them. */
const SETTLE_MS = 200;

/**
 * Reads from the API, and again when something may have changed.
 * @param path as `apiPath` has it; undefined: nothing is asked for
 */
export function useAsked<T>(
  path: string | undefined,
  { every, on = [] }: AskAgain = {},
): Asked<T> {
  const [state, setState] = useState<{
    readonly path: string | undefined;
    readonly data?: T;
    readonly error?: Error;
  }>({ path: undefined });
  const [isLoading, setLoading] = useState(false);
  const [round, setRound] = useState(0);
  const refresh = useCallback(() => setRound((each) => each + 1), []);
  const kinds = useRef(on);
  kinds.current = on;

  useEffect(() => {
    if (path === undefined) return undefined;
    const aborter = new AbortController();
    setLoading(true);
    ask<T>(path, aborter.signal).then(
      (data) => {
        setState({ path, data });
        setLoading(false);
      },
      (error: unknown) => {
        if (aborter.signal.aborted) return;
        if (error instanceof ApiProblem && error.status === 401) {
          forgetSession();
        }
        setState((before) => failed(before, path, error as Error));
        setLoading(false);
      },
    );
    return () => aborter.abort();
  }, [path, round]);

  useEffect(() => {
    if (every === undefined) return undefined;
    const timer = setInterval(() => {
      if (!document.hidden) refresh();
    }, every);
    return () => clearInterval(timer);
  }, [every, refresh]);

  useEffect(() => {
    let settling: ReturnType<typeof setTimeout> | undefined;
    const stop = live.listen((news) => {
      const isMeant =
        news.length === 0 ||
        news.some((each) => kinds.current.includes(each.news.kind));
      if (!isMeant) return;
      settling ??= setTimeout(() => {
        settling = undefined;
        refresh();
      }, SETTLE_MS);
    });
    return () => {
      stop();
      clearTimeout(settling);
    };
  }, [refresh]);

  const isSame = state.path === path;
  return {
    data: isSame ? state.data : undefined,
    error: isSame ? state.error : undefined,
    ...{ isLoading, refresh },
  };
}

/** What was known stays in sight while the cloud does not answer. */
const failed = <T>(
  before: { readonly path: string | undefined; readonly data?: T },
  path: string,
  error: Error,
) =>
  error instanceof Unreachable && before.path === path
    ? { ...before, error }
    : { path, error };
