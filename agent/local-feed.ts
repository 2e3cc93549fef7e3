import { NO_HASH, type Position } from "./model/position.js";

/**
 * Where the feed of this host's own bans stands after so many more ops. Nobody
 * signs it, so there is no hash.
 */
export function localAfter(at: Position | undefined, ops: number): Position {
  const offset = (at?.offset ?? 0) + ops;
  return { feed: "local", epoch: "local", offset, hash: NO_HASH };
}
