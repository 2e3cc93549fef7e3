import type { Patience } from "./errors.js";

/** Where the uplink is. `failures` counts losses that patience has not forgiven. */
export type LinkState =
  | { readonly at: "dialing"; readonly failures: number }
  | { readonly at: "open"; readonly failures: number; readonly since: number }
  | {
      readonly at: "waiting";
      readonly failures: number;
      readonly patience: Patience;
    };

export type LinkEvent =
  | { readonly kind: "opened"; readonly now: number }
  | {
      readonly kind: "lost";
      readonly now: number;
      readonly patience: Patience;
    }
  | { readonly kind: "waited" };

/** The state that an event leads to; events out of place change nothing. */
export function next(state: LinkState, event: LinkEvent): LinkState {
  switch (event.kind) {
    case "opened":
      return state.at === "dialing"
        ? { at: "open", failures: state.failures, since: event.now }
        : state;
    case "lost":
      return state.at === "waiting"
        ? state
        : {
            at: "waiting",
            failures: unforgiven(state, event.now) + 1,
            patience: event.patience,
          };
    case "waited":
      return state.at === "waiting"
        ? { at: "dialing", failures: state.failures }
        : state;
  }
}

/** A cloud that accepts and drops at once must not be dialed at full speed. */
const STABLE_AFTER_MS = 60_000;

function unforgiven(
  state: Exclude<LinkState, { at: "waiting" }>,
  now: number,
): number {
  const stable = state.at === "open" && now - state.since >= STABLE_AFTER_MS;
  return stable ? 0 : state.failures;
}
