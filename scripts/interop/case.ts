import type { Stage } from "./stage.js";

/** One behaviour that both sides owe each other. */
export interface Case {
  /** A sentence. */
  readonly name: string;
  /** Throws where it does not hold. */
  readonly holds: (stage: Stage) => Promise<void>;
}

/** @throws Error that says what was found instead */
export function expect(what: string, found: unknown, wanted: unknown): void {
  const [a, b] = [JSON.stringify(found), JSON.stringify(wanted)];
  if (a !== b) throw new Error(`${what}: ${a}, and not ${b}`);
}
