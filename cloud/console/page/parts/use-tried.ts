import { useRef, useState } from "preact/hooks";

/** What somebody has tried, by a button, before they do it. */
export interface Tried<T> {
  readonly answer: T | undefined;
  readonly error: unknown;
  readonly isBusy: boolean;
  /** Tries it as it is now. */
  readonly run: () => Promise<void>;
}

/**
 * @param of what is tried: an answer is seen while it is of that, and not of what
 * it was before somebody changed it
 */
export function useTried<T>(of: string, ask: () => Promise<T>): Tried<T> {
  const [isBusy, setBusy] = useState(false);
  const [came, setCame] = useState<{
    readonly of?: string;
    readonly answer?: T;
    readonly error?: unknown;
  }>({});
  const newest = useRef(0);
  const run = async () => {
    newest.current += 1;
    const own = newest.current;
    const settled = (next: typeof came) => {
      if (own === newest.current) setCame(next);
    };
    setCame({});
    setBusy(true);
    try {
      settled({ of, answer: await ask() });
    } catch (error) {
      settled({ of, error });
    } finally {
      if (own === newest.current) setBusy(false);
    }
  };
  const { answer, error } = came.of === of ? came : {};
  return { answer, error, isBusy, run };
}
