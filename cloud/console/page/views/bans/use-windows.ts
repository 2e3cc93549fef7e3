import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { Answers, Ban } from "../../api-types.js";
import { ApiProblem, apiPath, ask } from "../../api.js";
import { WindowCache, type WindowAsked } from "../../parts/window-cache.js";
import { live } from "../../live.js";
import { forgetSession } from "../../session.js";
import { askedOf, nameOf, type BansAsked } from "./order.js";

type BansPage = Answers["listBans"];

/** A list that is read in windows. */
export interface Windows {
  /** What it is a list of: another one is scrolled through from its first row on. */
  readonly of: string;
  readonly asked: BansAsked;
  readonly cache: WindowCache<Ban>;
  /** How much was looked through for it, from 0 to 1. */
  readonly scanned: number;
  readonly error: Error | undefined;
}

interface WindowsShown {
  /** Undefined: none was answered yet. */
  readonly shown: Windows | undefined;
  /** Another is on its way; how much was looked through for it, from 0 to 1. */
  readonly coming: number | undefined;
  readonly onSight: (first: number, end: number) => void;
  /** Reads all anew. */
  readonly refresh: () => void;
}

/** Rows that are in sight before anybody scrolls, roughly. */
const FIRST_SIGHT: readonly [number, number] = [0, 40];

/**
 * The bans that are asked for, as far as they are in sight. What was seen before
 * stays till there is an answer.
 */
export function useWindows(asked: BansAsked): WindowsShown {
  const of = nameOf(asked);
  const [round, setRound] = useState(0);
  const [shown, setShown] = useState<Windows | undefined>();
  const [coming, setComing] = useState<number | undefined>(0);
  const seen = useRef({ of, at: FIRST_SIGHT });
  const open = useRef<Reading | undefined>(undefined);
  useEffect(() => {
    const before = open.current;
    let isFirst = true;
    const reading = new Reading(asked, (next) => {
      const isAnswered =
        next.cache.count > 0 || next.cache.isWhole || next.error !== undefined;
      if (!isAnswered) return setComing(next.scanned);
      if (isFirst) {
        isFirst = false;
        before?.close();
        open.current = reading;
        setComing(undefined);
      }
      setShown(next);
    });
    setComing(0);
    const at = seen.current.of === of ? seen.current.at : FIRST_SIGHT;
    reading.cache.sight(...at);
    return () => {
      if (open.current !== reading) reading.close();
    };
  }, [of, round]);
  useEffect(() => () => open.current?.close(), []);
  useEffect(
    () =>
      live.listen((news) => {
        // The stream is back: what failed is read now.
        if (news.length === 0) open.current?.cache.retry();
      }),
    [],
  );
  const cache = shown?.cache;
  const onSight = useCallback(
    (first: number, end: number) => {
      if (shown !== undefined)
        seen.current = { of: shown.of, at: [first, end] };
      cache?.sight(first, end);
    },
    [cache],
  );
  const refresh = useCallback(() => setRound((each) => each + 1), []);
  return { shown, coming, onSight, refresh };
}

/** Reads one list, and tells how it is whenever that changes. */
class Reading {
  readonly cache: WindowCache<Ban>;
  readonly #asked: BansAsked;
  #scanned = 0;
  #error: Error | undefined;

  constructor(asked: BansAsked, tell: (windows: Windows) => void) {
    this.#asked = asked;
    const told = () => tell(this.#told());
    this.cache = new WindowCache({
      read: (each) => this.#read(each),
      onChange: told,
      onError: (error) => {
        this.#error = error;
        if (error instanceof ApiProblem && error.status === 401) {
          forgetSession();
        }
        told();
      },
    });
  }

  close(): void {
    this.cache.close();
  }

  async #read({ at, cursor, limit, signal }: WindowAsked) {
    const start = cursor === undefined ? { at } : { cursor };
    const path = apiPath("/bans", {
      ...{ ...askedOf(this.#asked), ...start, limit },
    });
    const page = await ask<BansPage>(path, { signal });
    const { items, next, total, from = at, scanned = 1 } = page;
    this.#scanned = scanned;
    this.#error = undefined;
    const isWhole = scanned >= 1;
    return {
      ...{ rows: items, at: from, next },
      total: isWhole ? total : undefined,
    };
  }

  #told(): Windows {
    const [asked, cache] = [this.#asked, this.cache];
    const of = nameOf(asked);
    return { of, asked, cache, scanned: this.#scanned, error: this.#error };
  }
}
