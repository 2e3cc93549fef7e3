import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import type { Call, Page } from "../../api-types.js";
import { apiPath, ask } from "../../api.js";

/** The call that was opened from the list: it need not be looked for. */
const kept = signal<Call | undefined>(undefined);

export const keepCall = (call: Call): void => {
  kept.value = call;
};

/** A page may have nothing and not be the last: so many are read. */
const MOST_PAGES = 200;

/** One call, wherever in the record it is. */
export function useCall(id: string): {
  readonly data: Call | undefined;
  readonly error: Error | undefined;
} {
  const known = kept.value?.call === id ? kept.value : undefined;
  const [found, setFound] = useState<Call | undefined>(known);
  const [error, setError] = useState<Error | undefined>();
  useEffect(() => {
    if (known !== undefined) return undefined;
    const aborter = new AbortController();
    foundCall(id, aborter.signal).then(setFound, (failure: unknown) => {
      if (!aborter.signal.aborted) setError(failure as Error);
    });
    return () => aborter.abort();
  }, [id]);
  return { data: found, error };
}

async function foundCall(id: string, signal: AbortSignal): Promise<Call> {
  let cursor: string | null = null;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const path = apiPath("/audit", { q: `call:${id}`, limit: 1, cursor });
    const { items, next }: Page<Call> = await ask<Page<Call>>(path, { signal });
    const [call] = items;
    if (call !== undefined) return call;
    if (next === null) break;
    cursor = next;
  }
  throw new Error(`There is no call ${id} in the record.`);
}
