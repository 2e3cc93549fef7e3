import type { HostFacts } from "../guard/facts.js";
import type { Verdict } from "../health/verdict.js";
import type { Logger } from "../log/logger.js";
import { formatCidr } from "../model/cidr.js";
import type { Mode } from "../model/mode.js";
import type { FeedName, Position } from "../model/position.js";
import type { StorageState } from "../model/storage.js";
import type { Receipt } from "../protocol/documents.js";
import type { RefusalCode } from "../protocol/refusals.js";
import {
  contactEvents,
  sensorEvents,
  telemetryEvents,
} from "./sense-events.js";
import {
  carryEvents,
  policyEvents,
  treeEvents,
  trialEvents,
  trustEvents,
} from "./trust-events.js";

/** Everything the agent reports, one function an event: its only words. */
export function makeEvents(log: Logger) {
  return {
    ...hostEvents(log),
    ...operatorEvents(log),
    ...storageEvents(log),
    ...startEvents(log),
    ...protectionEvents(log),
    ...upkeepEvents(log),
    ...linkEvents(log),
    ...banEvents(log),
    ...trialEvents(log),
    ...contactEvents(log),
    ...telemetryEvents(log),
    ...sensorEvents(log),
    ...trustEvents(log),
    ...policyEvents(log),
    ...carryEvents(log),
    ...treeEvents(log),
  };
}

export type AgentEvents = ReturnType<typeof makeEvents>;

/** What this host's operator ordered, and what changed of its identity. */
function operatorEvents(log: Logger) {
  return {
    /** By somebody at this host: the cloud cannot. */
    modeChanged(mode: Mode): void {
      log.warn("the mode of this host was changed over the control socket", {
        mode,
      });
    },
    rekeyed(key: string): void {
      log.warn("this host has a new key; its cloud takes no other", { key });
    },
    keyNotKept(why: unknown): void {
      log.error("cannot note on the disk which key counts", { why });
    },
    /** Over the control socket as well; `by` is who. */
    ordered(what: string, by: string): void {
      log.warn("this host was given an order over the control socket", {
        what,
        by,
      });
    },
    pauseEnded(): void {
      log.warn("the pause is over; this host enforces again");
    },
  };
}

function hostEvents(log: Logger) {
  return {
    started(revision: number, backend: string): void {
      log.info("the kernel holds what the ledger says", { revision, backend });
    },
    stopping(): void {
      log.info("stopping; bans stay in the kernel");
    },
    settingIdle(setting: string, why: string): void {
      log.warn("a setting does nothing any more", { setting, why });
    },
    /** What it does with its bans, whenever that is another thing. */
    verdict({ does, findings }: Verdict): void {
      const [{ text }, ...others] = findings;
      const also = others.map((other) => other.text);
      const level = does === "enforcing" ? "info" : "warn";
      log[level](`this host: ${text}`, also.length > 0 ? { also } : {});
    },
    ledgerQuarantined(path: string, why: unknown): void {
      log.error("the ledger was damaged; started a new one", { path, why });
    },
    clockJumped(what: string): void {
      log.warn("the clock jumped, or the host slept", { what });
    },
    timeNotKept(why: unknown): void {
      log.error("could not keep the time that bans expire by", { why });
    },
    maintenanceFailed(why: unknown): void {
      log.error("could not tidy the ledger", { why });
    },
  };
}

/** What the disk takes. */
function storageEvents(log: Logger) {
  return {
    ledgerStoodInFor(path: string): void {
      log.error(
        "the ledger cannot be written to; its bans are in force, and new ones are refused",
        { path },
      );
    },
    storageChanged(state: StorageState): void {
      if (state === "ok") log.info("the state folder has room again");
      else {
        log.error("the state folder has no room for new bans", { state });
      }
    },
    storageUnknown(why: unknown): void {
      log.error("could not look how much room the ledger has", { why });
    },
  };
}

/** How runs of the agent begin and end. */
function startEvents(log: Logger) {
  return {
    safeMode(lastsSeconds: number): void {
      log.error("crashed again and again; leaving everything as it is", {
        lastsSeconds,
      });
    },
    poisonFound(digest: string, feed: string | undefined): void {
      log.error("died twice over the same; refusing it from now on", {
        ...{ digest, feed },
      });
    },
    startsNotKept(why: unknown): void {
      log.error("could not write down how this run began or ended", { why });
    },
  };
}

function upkeepEvents(log: Logger) {
  return {
    healed(what: string, tookMs: number): void {
      log.warn("the bans in the kernel were disturbed, and are put right", {
        what,
        tookMs: Math.round(tookMs * 10) / 10,
      });
    },
    notHealed(what: string, why: unknown): void {
      log.error("the bans in the kernel were disturbed", { what, why });
    },
    /** What others change is found by the audit only. */
    deaf(why: unknown): void {
      log.error("nothing is heard any more of changes in the kernel", { why });
    },
    /** Bans are there, and do not work. */
    notProven(why: string): void {
      log.error("packets to a banned address are not stopped", { why });
    },
    provenAgain(): void {
      log.info("packets to a banned address are stopped again, or not tried");
    },
    auditFailed(why: unknown): void {
      log.error("could not compare the kernel with the ledger", { why });
    },
  };
}

function protectionEvents(log: Logger) {
  return {
    factsChanged(facts: HostFacts): void {
      log.info("protected addresses changed", {
        own: facts.own.map(formatCidr),
        gateways: facts.gateways.map(formatCidr),
        resolvers: facts.resolvers.map(formatCidr),
        dhcpServers: facts.dhcpServers.map(formatCidr),
        sessions: facts.sessions.map(formatCidr),
        cloud: facts.cloud.map(formatCidr),
        released: facts.released.map(formatCidr),
        allowed: facts.allowed.all.length,
      });
    },
    /** What it said last counts. */
    fileUnreadable(path: string, why: unknown): void {
      log.warn("a file that names addresses to protect is not all read", {
        path,
        why,
      });
    },
    cloudNotRemembered(why: unknown): void {
      log.warn("could not keep where the cloud was reached", { why });
    },
    addressesUnheard(why: unknown): void {
      log.warn("this host's addresses are looked at, not heard of", { why });
    },
    pathsUnseen(why: unknown): void {
      log.warn("cannot tell which devices carry packets past this host", {
        why,
      });
    },
    factsUnknown(why: unknown): void {
      log.error("could not read this host's addresses", { why });
    },
  };
}

function linkEvents(log: Logger) {
  return {
    linkUp(cloud: string, address: string): void {
      log.info("connected to the cloud", { cloud, address });
    },
    linkLost(error: Error, retryInMs: number): void {
      log.warn("no connection to the cloud; bans stay in force", {
        why: error,
        retryInMs,
      });
    },
    catchingUp(feed: FeedName, mode: string): void {
      log.info("catching up with a feed", { feed, mode });
    },
    catchUpFailed(feed: FeedName, why: unknown): void {
      log.warn("could not catch up with a feed", { feed, why });
    },
    linkBroken(why: unknown): void {
      log.error("following the cloud ended by itself", { why });
    },
    behind(head: Pick<Position, "feed" | "offset">, offset: number): void {
      const { feed, offset: cloudOffset } = head;
      log.warn("behind the cloud; asking again", { feed, offset, cloudOffset });
    },
  };
}

function banEvents(log: Logger) {
  return {
    enforced({ position, ...receipt }: Receipt): void {
      log.info("in force", {
        feed: position.feed,
        offset: position.offset,
        banned: receipt.banned,
        lifted: receipt.lifted,
        held: receipt.heldTotal,
        enforcedMs: Math.round(receipt.enforcedMs * 10) / 10,
      });
      if (receipt.heldTotal > 0) {
        log.warn("bans were held by a guard", {
          feed: position.feed,
          total: receipt.heldTotal,
          first: receipt.held.slice(0, 5),
        });
      }
    },
    refused(
      feed: FeedName | undefined,
      code: RefusalCode,
      detail: string,
    ): void {
      const level = code === "replayed" ? "debug" : "error";
      log[level]("refused what the cloud sent", { feed, code, detail });
    },
    notEnforced(why: unknown, retryInMs: number): void {
      log.error("the kernel does not hold what the ledger says", {
        why,
        retryInMs,
      });
    },
    sessionsCut(sockets: number, flows: number): void {
      log.info("cut open sessions of banned addresses", { sockets, flows });
    },
    sessionsNotCut(why: unknown): void {
      log.warn("open sessions of banned addresses stay; they are dropped", {
        why,
      });
    },
  };
}
