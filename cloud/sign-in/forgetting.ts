import type { Logger } from "../../agent/log/logger.js";
import { mayPass } from "../disk/room.js";
import type { RecordedDecision } from "../journal/decision-events.js";
import type { Decisions } from "../journal/decisions.js";

export interface ForgettingPorts {
  readonly decisions: Pick<Decisions, "subscribe">;
  readonly log: Pick<Logger, "warn">;
}

/** Forgets what is kept of a credential, or of an operator's sessions. */
export interface Forgets {
  readonly credential: (id: string) => void;
  readonly operator: (id: string) => void;
}

/**
 * Has what is kept beside the record end with what it stands on: a credential that
 * is revoked, an operator who is disabled or enabled again. Where the disk takes no
 * note of it, that counts no more all the same, and goes the next time.
 */
export const forgetWhatEnds = (
  { decisions, log }: ForgettingPorts,
  forgets: Forgets,
): Disposable =>
  decisions.subscribe((news) => {
    for (const { event } of news) {
      try {
        forget(event, forgets);
      } catch (error) {
        if (!mayPass(error)) throw error;
        log.warn("what a sign-in left is not forgotten", { error });
      }
    }
  });

function forget(
  event: RecordedDecision["event"],
  { credential, operator }: Forgets,
): void {
  if (event.kind === "credential-revoked") credential(event.credential);
  const isOther = event.kind === "operator-changed" && "disabled" in event;
  if (isOther) operator(event.operator);
}
