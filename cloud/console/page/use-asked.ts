import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { News } from "./api-types.js";
import { ApiProblem, ask } from "./api.js";
import { failed, retryAfter, type AskedState } from "./asked-state.js";
import { live } from "./live.js";
import { forgetSession, known } from "./session.js";

/** What was asked for, as it is known. */
export interface Asked<T> {
  /** The newest answer; it stays while another is asked for, or fails for a while. */
  readonly data: T | undefined;
  readonly error: Error | undefined;
  readonly isLoading: boolean;
  readonly refresh: () => void;
}

export interface AskAgain {
  /**
   * Milliseconds from an answer to the next question, and longer where answers take
   * long; not at all while the page is not looked at.
   */
  readonly every?: number;
  /** Whatever happens of these kinds. */
  readonly on?: readonly News["kind"][];
}

/** News come in bursts: one question answers to all of them. */
const SETTLE_MS = 200;

/** The cloud has other things to do, too: it answers a quarter of the time. */
const REST = 3;

/**
 * Reads from the API, and again when something may have changed.
 * @param path as `apiPath` has it; undefined: nothing is asked for
 */
export function useAsked<T>(
  path: string | undefined,
  { every, on = [] }: AskAgain = {},
): Asked<T> {
  const [state, setState] = useState<AskedState<T>>({ path: undefined });
  const [isLoading, setLoading] = useState(false);
  const [round, setRound] = useState(0);
  const way = useRef({ isUnderWay: false, isWanted: false, tookMs: 0 });
  const attended = useRef<{ path?: string | undefined; isOne: boolean }>({
    isOne: true,
  });
  // What is under way is waited for: news come faster than some answers.
  const again = useCallback(() => {
    attended.current.isOne = false;
    if (way.current.isUnderWay) way.current.isWanted = true;
    else setRound((each) => each + 1);
  }, []);
  const refresh = useCallback(() => {
    again();
    attended.current.isOne = true;
  }, [again]);
  useEffect(() => {
    if (path === undefined) return undefined;
    const aborter = new AbortController();
    const begun = performance.now();
    way.current = { ...way.current, isUnderWay: true, isWanted: false };
    setLoading(true);
    const settled = (next: Parameters<typeof setState>[0]) => {
      const { isWanted } = way.current;
      const tookMs = performance.now() - begun;
      way.current = { isUnderWay: false, isWanted: false, tookMs };
      setState(next);
      setLoading(false);
      if (isWanted) setRound((each) => each + 1);
    };
    const { signal } = aborter;
    const isUnattended =
      attended.current.path === path && !attended.current.isOne;
    attended.current = { path, isOne: false };
    ask<T>(path, { signal, isUnattended }).then(
      (data) => {
        if (!aborter.signal.aborted) settled({ path, data });
      },
      (error: unknown) => {
        if (aborter.signal.aborted) return;
        if (error instanceof ApiProblem && error.status === 401) {
          forgetSession();
        }
        settled((before) => failed(before, path, error as Error));
      },
    );
    return () => aborter.abort();
  }, [path, round]);

  const isSame = state.path === path;
  const rest = every && Math.max(every, REST * way.current.tookMs);
  const wait = longer(rest, isSame ? retryAfter(state) : undefined);
  // Nobody is answered before they have signed in anew.
  const isOver = known.value.kind === "over";
  useEvery(isLoading || isOver ? undefined : wait, again);

  useNews(on, again);
  return {
    data: isSame ? state.data : undefined,
    error: isSame ? state.error : undefined,
    ...{ isLoading, refresh },
  };
}

/** Of two times the longer one; undefined says nothing. */
const longer = (
  one: number | undefined,
  other: number | undefined,
): number | undefined =>
  one === undefined || other === undefined
    ? (one ?? other)
    : Math.max(one, other);

/** Calls after so many milliseconds, each time, while the page is looked at. */
export function useEvery(wait: number | undefined, call: () => void): void {
  useEffect(() => {
    if (wait === undefined) return undefined;
    const timer = setInterval(() => {
      if (!document.hidden) call();
    }, wait);
    return () => clearInterval(timer);
  }, [wait, call]);
}

/** Calls once for a burst of news of these kinds, and when the stream is back. */
function useNews(on: readonly News["kind"][], refresh: () => void): void {
  const kinds = useRef(on);
  kinds.current = on;
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
}
