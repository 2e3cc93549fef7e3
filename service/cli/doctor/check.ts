/** What was looked at, and what came of it. */
export interface Check {
  /** One word, as "disk". */
  readonly check: string;
  readonly state: State;
  /** What was found, in one sentence. */
  readonly found: string;
  /** What that means for the bans of this host; null where nothing is wrong. */
  readonly means: string | null;
  /** What mends it; null where nothing is to be done. */
  readonly mend: string | null;
}

/** `unknown`: it could not be looked at, and may be well. */
export type State = "good" | "warning" | "bad" | "unknown";

export const good = (check: string, found: string): Check => ({
  ...{ check, state: "good", found },
  ...{ means: null, mend: null },
});

export const wrong = (
  state: Exclude<State, "good">,
  check: string,
  what: readonly [found: string, means: string, mend: string],
): Check => {
  const [found, means, mend] = what;
  return { check, state, found, means, mend };
};
