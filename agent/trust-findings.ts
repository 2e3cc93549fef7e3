import type { Findings } from "./health/health.js";
import type { HealthCode } from "./health/catalogue.js";
import type { FeedWatch } from "./feed-watch.js";
import type { Roots } from "./roots.js";

/** What is wrong with what the cloud signs, in the catalogue's words. */
export function trustFindings(
  { current, forked }: Pick<Roots, "current" | "forked">,
  watch: Pick<FeedWatch, "stale" | "forked">,
  now: number,
): Findings {
  const found = new Map<HealthCode, string>();
  const forks = [forked, watch.forked].filter((each) => each !== undefined);
  if (forks.length > 0) found.set("feed-forked", forks.join("; "));
  if (watch.stale !== undefined) found.set("feed-stale", watch.stale);
  const { version, expiresAt } = current.document;
  const date = new Date(expiresAt).toISOString();
  if (now > expiresAt) {
    found.set("root-expired", `root ${version} was good until ${date}`);
  } else if (now > expiresAt - NOTICE_MS) {
    found.set("root-expiring", `root ${version} is good until ${date}`);
  }
  return found;
}

/** Enough for those who hold the root keys to come together. */
const NOTICE_MS = 30 * 86_400_000;
