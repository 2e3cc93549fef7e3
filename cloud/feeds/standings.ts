import type { FeedName } from "../../agent/model/position.js";
import type { Clock } from "../../agent/runtime/clock.js";
import type { SigningKey } from "../../agent/trust/keys.js";
import type { FeedIndex } from "./feed-index.js";
import { Heads } from "./heads.js";
import { States } from "./states.js";

/** Where feeds stand, as agents of either version are told it. */
export function standings(
  index: FeedIndex,
  keys: () => readonly SigningKey[],
  clock: Clock,
) {
  const heads = new Heads(index, keys, clock);
  const states = new States(index, keys, clock);
  return {
    heads: (feeds: readonly FeedName[]) => heads.of(feeds),
    state: (feeds: readonly FeedName[]) => states.of(feeds),
  };
}
