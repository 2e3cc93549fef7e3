import { Leaving, type LeavingRequest } from "../../agent/protocol/leaving.js";
import { Malformed } from "../../agent/protocol/malformed.js";
import { parseJson } from "../../agent/protocol/shapes.js";
import { textBytes } from "../../agent/protocol/signed-text.js";
import type { Clock } from "../../agent/runtime/clock.js";
import { publicKey } from "../../agent/trust/keys.js";
import type { DeviceWord } from "../journal/observation-events.js";
import { EnrolmentRefused } from "./enrolment.js";
import type { Registry } from "./registry.js";

export interface LeavingPorts {
  readonly registry: Pick<Registry, "agent">;
  readonly cloudName: string;
  readonly clock: Pick<Clock, "now">;
  /** Takes down, soon, that an agent goes. */
  readonly noteLeft: (agent: string, word: DeviceWord) => void;
}

/**
 * Hears a host's goodbye. It is no order: who comes again is back, and nobody is
 * trusted more or less by it. Said again it changes nothing.
 * @throws EnrolmentRefused, Malformed
 */
export function hearLeaving(
  { signed, signature }: LeavingRequest,
  { registry, cloudName, clock, noteLeft }: LeavingPorts,
): void {
  const { agent, cloud, time } = parseJson(Leaving, signed, "leaving");
  const known = registry.agent(agent);
  const key = known && publicKey(Buffer.from(known.publicKey, "base64url"));
  const bytes = textBytes("leaving", signed);
  const isGood = key?.verify(bytes, Buffer.from(signature, "base64url"));
  if (isGood !== true || known?.revokedAt !== null) {
    throw new EnrolmentRefused(
      "bad-proof",
      "no agent that is trusted here has signed it",
    );
  }
  if (cloud !== cloudName) {
    throw new Malformed("leaving", `cloud "${cloud}" is not this one`);
  }
  if (Math.abs(clock.now() - time) > MOST_OFF_MS) {
    throw new Malformed("leaving", "time is not of now: the clocks differ");
  }
  if (known.leftAt === null) noteLeft(agent, { signed, signature });
}

/** As far as the clocks of a host and of its cloud may differ. */
const MOST_OFF_MS = 600_000;
