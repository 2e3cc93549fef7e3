import type { AskForHead, LogMonitor } from "../../keyring/log-monitor.js";
import type { Clock } from "../../runtime/clock.js";
import type { Session } from "../../uplink/uplink.js";

export interface LogWatchPorts {
  readonly monitor: Pick<
    LogMonitor,
    "linked" | "canCheck" | "dueInMs" | "look"
  >;
  readonly clock: Pick<Clock, "sleep">;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly ask: (session: Session) => AskForHead;
}

/** Looks at the cloud's log for as long as a session lasts, once an hour. */
export function watchLog(
  session: Session,
  { monitor, clock, random, ask }: LogWatchPorts,
): void {
  monitor.linked();
  if (!session.capabilities.has("log")) return;
  const { ended } = session;
  const watch = async (): Promise<void> => {
    // All hosts come back at once after the cloud was away.
    await clock.sleep(random() * SPREAD_MS, ended);
    while (!ended.aborted) {
      const waitMs = monitor.canCheck ? monitor.dueInMs : ASK_ROOT_AGAIN_MS;
      if (waitMs > 0) await clock.sleep(waitMs, ended);
      else await monitor.look(ask(session));
    }
  };
  watch().catch(() => undefined); // the session is over
}

const SPREAD_MS = 10_000;

/** The root that has the role may still be on its way. */
const ASK_ROOT_AGAIN_MS = 60_000;
