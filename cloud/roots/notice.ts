import type { Logger } from "../../agent/log/logger.js";
import type { Clock } from "../../agent/runtime/clock.js";
import { isoTime } from "../../agent/text/time.js";
import type { Signing } from "./signing.js";

/** Agents take nothing new by a root that has run out. */
export function warnOfRoot(
  { root }: Signing,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): void {
  const { version, expiresAt } = root.document;
  if (clock.now() < expiresAt - ROOT_NOTICE_MS) return;
  const until = isoTime(expiresAt);
  log.warn("the root has to be renewed soon", { version, until });
}

const ROOT_NOTICE_MS = 60 * 24 * 60 * 60 * 1000;
