import { useCallback, useEffect, useRef, useState } from "preact/hooks";

/** Rows that keep their places while somebody is about to choose one. */
export interface Still<T> {
  readonly rows: readonly T[];
  /** What waits to be seen: "3 newer"; empty: nothing does. */
  readonly newer: string;
  /** For the element that holds the rows. */
  readonly held: Held;
}

interface Held {
  readonly onPointerEnter: () => void;
  readonly onPointerMove: () => void;
  readonly onPointerLeave: (event: HeldEvent) => void;
  readonly onKeyDown: () => void;
  readonly onFocusIn: () => void;
  readonly onFocusOut: (event: HeldEvent & FocusEvent) => void;
}

interface HeldEvent {
  readonly currentTarget: HTMLElement;
}

/** Milliseconds without a sign after which nobody is about to choose any more. */
const LET_GO_AFTER = 5_000;

/**
 * The newest rows; while the pointer or the keyboard is at work on them the same rows
 * in the same places, with what is new of each.
 */
export function useStill<T>(
  newest: readonly T[],
  keyOf: (row: T) => string,
): Still<T> {
  const { isHeld, held } = useHeld();
  const last = useRef(newest);
  const isKept = isHeld && last.current.length > 0;
  last.current = isKept ? renewed(last.current, newest, keyOf) : newest;
  return {
    ...{ rows: last.current, held },
    newer: newerSaid(last.current, newest, keyOf),
  };
}

/** Whether somebody is at work on an element: a pointer may be left lying there. */
function useHeld(): { readonly isHeld: boolean; readonly held: Held } {
  const [isHeld, setHeld] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const letGo = useCallback(() => {
    clearTimeout(timer.current);
    setHeld(false);
  }, []);
  const hold = useCallback(() => {
    clearTimeout(timer.current);
    timer.current = setTimeout(letGo, LET_GO_AFTER);
    setHeld(true);
  }, [letGo]);
  useEffect(() => {
    window.addEventListener("blur", letGo);
    return () => {
      window.removeEventListener("blur", letGo);
      clearTimeout(timer.current);
    };
  }, [letGo]);
  const held: Held = {
    ...{ onPointerEnter: hold, onPointerMove: hold },
    ...{ onKeyDown: hold, onFocusIn: hold },
    onPointerLeave: ({ currentTarget }) => {
      if (!currentTarget.contains(document.activeElement)) letGo();
    },
    onFocusOut: ({ currentTarget, relatedTarget }) => {
      const isWithin = currentTarget.contains(relatedTarget as Node | null);
      if (!isWithin && !currentTarget.matches(":hover")) letGo();
    },
  };
  return { isHeld, held };
}

function renewed<T>(
  rows: readonly T[],
  newest: readonly T[],
  keyOf: (row: T) => string,
): readonly T[] {
  const known = new Map(newest.map((row) => [keyOf(row), row]));
  return rows.map((row) => known.get(keyOf(row)) ?? row);
}

/** Beyond the newest nobody counts: where all are new there may be more. */
function newerSaid<T>(
  rows: readonly T[],
  newest: readonly T[],
  keyOf: (row: T) => string,
): string {
  const shown = new Set(rows.map(keyOf));
  const newer = newest.filter((row) => !shown.has(keyOf(row))).length;
  if (newer === 0) return "";
  return newer === newest.length ? `${newer} or more newer` : `${newer} newer`;
}
