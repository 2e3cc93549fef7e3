import { useRef, useState } from "preact/hooks";

/** Rows that keep their places while somebody is about to choose one. */
export interface Still<T> {
  readonly rows: readonly T[];
  readonly isHeld: boolean;
  /** For the element that holds the rows. */
  readonly held: {
    readonly onPointerEnter: () => void;
    readonly onPointerLeave: () => void;
    readonly onFocusIn: () => void;
    readonly onFocusOut: () => void;
  };
}

/**
 * The newest rows; while the pointer or the keyboard is on them the same rows in the
 * same places, with what is new of each.
 */
export function useStill<T>(
  newest: readonly T[],
  keyOf: (row: T) => string,
): Still<T> {
  const [by, setBy] = useState({ pointer: false, keyboard: false });
  const isHeld = by.pointer || by.keyboard;
  const last = useRef(newest);
  const isKept = isHeld && last.current.length > 0;
  last.current = isKept ? renewed(last.current, newest, keyOf) : newest;
  const set = (some: Partial<typeof by>) => () =>
    setBy((before) => ({ ...before, ...some }));
  return {
    ...{ rows: last.current, isHeld },
    held: {
      onPointerEnter: set({ pointer: true }),
      onPointerLeave: set({ pointer: false }),
      onFocusIn: set({ keyboard: true }),
      onFocusOut: set({ keyboard: false }),
    },
  };
}

function renewed<T>(
  rows: readonly T[],
  newest: readonly T[],
  keyOf: (row: T) => string,
): readonly T[] {
  const known = new Map(newest.map((row) => [keyOf(row), row]));
  return rows.map((row) => known.get(keyOf(row)) ?? row);
}
