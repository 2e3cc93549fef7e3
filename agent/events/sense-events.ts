import type { Logger } from "../log/logger.js";
import type { ImpactRefusal } from "../protocol/messages.js";

/** What the host sees and tells: parts of `makeEvents`. */

export function contactEvents(log: Logger) {
  return {
    bannedContacted(
      who: string,
      how: {
        readonly protocol: number;
        readonly port: number;
        readonly begun: boolean;
        readonly forwarded: boolean;
        readonly observed: boolean;
      },
    ): void {
      const { protocol, port, begun, forwarded, observed } = how;
      const isAlarm = begun && !observed;
      log[isAlarm ? "warn" : "info"]("a banned address was called", {
        who,
        ...{ protocol, port, begun, forwarded, observed },
      });
    },
    contactsUnheard(why: unknown): void {
      log.warn("cannot tell which process calls banned addresses", { why });
    },
  };
}

export function sensorEvents(log: Logger) {
  return {
    sensorFound(sensor: string, source: string): void {
      log.info("a sensor reads", { sensor, source });
    },
    sensorLost(sensor: string, source: string, why: Error): void {
      log.warn("a sensor has nothing to read; it goes on looking", {
        sensor,
        source,
        why,
      });
    },
    handshakesUnseen(why: unknown): void {
      log.warn("cannot tell who completed a connection to this host", { why });
    },
    /** Those that are not told one by one are in `count`. */
    notConfirmed(sensor: string, source: string, count: number): void {
      log.warn("a log tells of attacks that the kernel saw nothing of", {
        ...{ sensor, source, count },
      });
    },
    defended(what: {
      readonly sensor: string;
      readonly source: string;
      readonly count: number;
      readonly action: "banned" | "held" | "none";
      readonly rule: string | undefined;
    }): void {
      log[what.action === "banned" ? "info" : "warn"](
        "an attack on this host",
        what,
      );
    },
    notDefended(bans: number, why: unknown): void {
      log.error("could not ban by itself", { bans, why });
    },
  };
}

export function telemetryEvents(log: Logger) {
  return {
    spoolQuarantined(folder: string, why: unknown): void {
      log.error("the spool was damaged; started a new one", { folder, why });
    },
    spoolFailed(why: unknown): void {
      log.error("telemetry cannot be kept; enforcing goes on", { why });
    },
    spoolRecovered(): void {
      log.info("telemetry is kept again");
    },
    acknowledgedUnsent(spool: string, through: number): void {
      log.warn("the cloud acknowledged what was never sent", {
        spool,
        through,
      });
    },
    /** A reading failed, or an item was none. */
    telemetryFailed(what: string, why: unknown): void {
      log.warn("could not report", { what, why });
    },
    /** The cloud asked how much a ban of so many ranges would cut. */
    impactAsked(
      ranges: number,
      outcome: "answered" | "unanswered" | ImpactRefusal,
    ): void {
      log.info("the cloud asked what a ban would cut", { ranges, outcome });
    },
    flowsUnseen(why: unknown): void {
      log.warn("cannot tell what a ban would cut", { why });
    },
    healthRaised(code: string, text: string): void {
      log.warn("something is wrong", { code, text });
    },
    /** It is over as soon as it is told. */
    healthHappened(code: string, text: string): void {
      log.warn("something happened", { code, text });
    },
    healthCleared(code: string): void {
      log.info("it is well again", { code });
    },
  };
}
