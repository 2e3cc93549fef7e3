import { useRef } from "preact/hooks";

/**
 * Gives names to slots: who has one keeps it while they are among the names, so that
 * no colour changes hands as ranks do.
 * @returns the names by slot; undefined: nobody has it
 */
export function useSlots(
  names: readonly string[],
  size: number,
): readonly (string | undefined)[] {
  const slots = useRef<readonly (string | undefined)[]>([]);
  const kept = Array.from({ length: size }, (_, at) => {
    const name = slots.current[at];
    return name !== undefined && names.includes(name) ? name : undefined;
  });
  const fresh = names.filter((name) => !kept.includes(name));
  slots.current = kept.map((name) => name ?? fresh.shift());
  return slots.current;
}
