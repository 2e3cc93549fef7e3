import type { Clock } from "../runtime/clock.js";
import { LinkSilent } from "./errors.js";

/** All that liveness asks of a connection. */
interface Pingable {
  ping(): void;
  drop(why: Error): void;
  /** Counts what was heard so far, pongs included. */
  heard(): number;
  /** Whether this side does not listen: that is no silence of the peer's. */
  readonly isPaused: boolean;
}

/** Pings every heartbeat and drops a link that said nothing for two of them. */
export function watchLiveness(
  link: Pingable,
  heartbeatMs: number,
  clock: Clock,
): Disposable {
  let before = link.heard();
  let silentTicks = 0;
  return clock.every(heartbeatMs, () => {
    const silent = link.heard() === before && !link.isPaused;
    silentTicks = silent ? silentTicks + 1 : 0;
    before = link.heard();
    if (silentTicks >= 2) link.drop(new LinkSilent(heartbeatMs));
    else link.ping();
  });
}
