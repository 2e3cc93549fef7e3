import type { Trial } from "../ledger/trials.js";
import type { Logger } from "../log/logger.js";
import type { FeedName } from "../model/position.js";

/** What becomes of changes that are tried. */
export function trialEvents(log: Logger) {
  return {
    /** This host was seen to live on with a large or wide change. */
    trialPassed({ feed, revision, bans }: Trial): void {
      log.info("a change has proved harmless, and stays", {
        ...{ feed, revision, bans },
      });
    },
    trialFailed({ feed, revision, bans }: Trial, why: readonly string[]): void {
      log.error("a change did harm, or may have, and was taken back", {
        ...{ feed, revision, bans, why },
      });
    },
    signsUnread(why: unknown): void {
      log.warn("could not see how this host does", { why });
    },
    /** What is on trial is taken back by the kernel, and tried again later. */
    trialsUnwatched(why: unknown): void {
      log.error("could not watch what is on trial", { why });
    },
  };
}

/** How the cloud's word is taken. */
export function trustEvents(log: Logger) {
  return {
    headRefused(why: unknown): void {
      log.error("refused a dated head", { why });
    },
    /** The cloud says otherwise than it did before, and signed both. */
    contradicted(feed: FeedName, what: string): void {
      log.error("the cloud contradicts what it signed before", { feed, what });
    },
    rootTaken(version: number, fingerprint: string): void {
      log.info("took a new root", { version, fingerprint });
    },
    rootNotKept(version: number, why: unknown): void {
      log.error("a new root is in force, and could not be written down", {
        version,
        why,
      });
    },
    /** The critical keys' newest word on a feed; so many ranges are named. */
    approvalTaken(feed: FeedName, version: number, ranges: number): void {
      log.info("an approval counts now", { feed, version, ranges });
    },
    approvalRefused(why: unknown): void {
      log.warn("refused an approval", { why });
    },
    /** It counts, but only until this agent ends. */
    approvalNotKept(feed: FeedName, version: number, why: unknown): void {
      log.error("could not keep an approval", { feed, version, why });
    },
    /** What it allowed is held again. */
    approvalWithdrawn(feed: FeedName, why: unknown): void {
      log.warn("an approval counts no more", { feed, why });
    },
    rootRefused(why: unknown): void {
      log.error("refused a root", { why });
    },
    rootsMissed(version: number, why: unknown): void {
      log.error("could not get to the newest root; stays with the own", {
        version,
        why,
      });
    },
  };
}

/** How the customer's word is taken. */
export function policyEvents(log: Logger) {
  return {
    /** What the customer wants of this host; so many ranges are allowed. */
    policyTaken(
      version: number,
      groups: readonly string[],
      ranges: number,
    ): void {
      log.info("a policy counts now", { version, groups, ranges });
    },
    policyRefused(why: unknown): void {
      log.warn("refused a policy", { why });
    },
    /** It counts, but only until this agent ends. */
    policyNotKept(version: number, why: unknown): void {
      log.error("could not keep a policy", { version, why });
    },
    /** What it allowed is banned again. */
    policyWithdrawn(why: unknown): void {
      log.warn("the policy counts no more", { why });
    },
    /** Sensors go by these, beside the host's own settings. */
    sensorsSet(set: object, passedOver: readonly string[]): void {
      log.info("sensors follow the policy", { set, passedOver });
    },
    /** Bans that sensors decided on are only observed, or are dropped again. */
    sensedObserved(observed: number, dropped: number): void {
      log.info("bans of sensors follow the policy", { observed, dropped });
    },
  };
}

/** How the cloud's word is taken where it is carried. */
export function carryEvents(log: Logger) {
  return {
    /** Somebody at this host hands in a bundle, all of which was verified. */
    carrying(by: string, madeAt: number): void {
      const made = new Date(madeAt).toISOString();
      log.warn("takes in a bundle that was carried here", { by, made });
    },
    carryMarkNotKept(why: unknown): void {
      log.warn("could not note which bundle was the last", { why });
    },
  };
}

/** What is seen of the cloud's log. */
export function treeEvents(log: Logger) {
  return {
    /** A log of the cloud's decisions is seen for the first time. */
    logBegun(origin: string, size: number, before: string | undefined): void {
      if (before === undefined) {
        log.info("knows the cloud's log now", { origin, size });
      } else {
        log.warn("the cloud goes on with another log", {
          origin,
          size,
          before,
        });
      }
    },
    /** What was kept of it stays. */
    logForked(origin: string, what: string): void {
      log.error("the cloud's log contradicts what it was", { origin, what });
    },
    treeHeadRefused(why: unknown): void {
      log.warn("no good word on the cloud's log", { why });
    },
    treeHeadNotKept(why: unknown): void {
      log.error("could not keep what was seen of the cloud's log", { why });
    },
  };
}
