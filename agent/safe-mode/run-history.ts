import { createHash } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import type { Config } from "../config/config.js";
import type { AgentEvents } from "../events/events.js";
import type { Findings } from "../health/health.js";
import { Malformed } from "../protocol/malformed.js";
import { Refused } from "../protocol/refusals.js";
import { Feed, parseJson, Sha256, Time } from "../protocol/shapes.js";
import type { Clock } from "../runtime/clock.js";
import {
  decide,
  isPoison,
  MOST_MARKS,
  MOST_STARTS,
  NO_RUNS,
  type Mark,
  type RunRecord,
} from "./decide.js";
import { InFlightFile } from "./in-flight-file.js";
import type { Intake } from "./in-flight.js";

export interface RunHistoryPorts {
  readonly config: Pick<Config, "stateDir" | "safeMode">;
  readonly clock: Pick<Clock, "now">;
  readonly events: Pick<
    AgentEvents,
    "safeMode" | "poisonFound" | "startsNotKept"
  >;
}

/** Reason for which an agent in safe mode ends: the next start is a usual one. */
export class SafeModeOver extends Error {
  override readonly name = "SafeModeOver";
}

/**
 * A crash-loop guard. It remembers how the runs of this agent ended, decides by
 * that whether this one starts in safe mode and changes nothing, and refuses poison
 * messages: signed bytes that runs have died over.
 */
export class RunHistory implements Disposable {
  readonly #ports: RunHistoryPorts;
  readonly #inFlight: InFlightFile;
  readonly #timers: NodeJS.Timeout[] = [];
  #record: RunRecord;
  /** Poison that was found at this start. */
  readonly found: readonly Mark[];
  readonly safeMode: boolean;
  /** Resolves when safe mode has lasted as long as it shall. */
  readonly over: Promise<SafeModeOver>;

  /** Begins a run: until `ended`, it counts as one that died. */
  constructor(ports: RunHistoryPorts) {
    const { config, clock, events } = ports;
    const { stateDir, safeMode: settings } = config;
    this.#ports = ports;
    this.#inFlight = new InFlightFile(join(stateDir, "in-hand"), (why) =>
      events.startsNotKept(why),
    );
    const before = readRecord(this.#path);
    const decision = decide(before, this.#inFlight.left, settings, clock.now());
    this.#record = decision.record;
    this.found = decision.found;
    this.safeMode = decision.safeMode;
    this.#keep();
    this.#after(LASTED_MS, () => this.#lasted());
    for (const mark of this.found) events.poisonFound(mark.digest, mark.feed);
    if (this.safeMode) events.safeMode(settings.lastsSeconds);
    this.over = new Promise((resolve) => {
      if (!this.safeMode) return;
      const over = () => resolve(new SafeModeOver("safe mode is over"));
      this.#after(settings.lastsSeconds * 1000, over);
    });
  }

  /**
   * Notes what is about to be looked at, before it is.
   * @throws Refused in safe mode, and of what runs have died over
   */
  beginIntake(bytes: Uint8Array): Intake {
    if (this.safeMode) {
      throw new Refused(
        "safe-mode",
        "this agent keeps crashing, and takes in nothing new for a while",
      );
    }
    const digest = createHash("sha256").update(bytes).digest();
    const name = digest.toString("hex");
    const mark = this.#record.marks.find((each) => each.digest === name);
    if (mark !== undefined && isPoison(mark)) {
      throw new Refused("poison", `this agent died twice over ${name}`, {
        feed: mark.feed,
      });
    }
    const slot = this.#inFlight.take(digest);
    return {
      of: (feed) => {
        if (slot !== undefined) this.#inFlight.name(slot, feed);
      },
      [Symbol.dispose]: () => {
        if (slot !== undefined) this.#inFlight.done(slot);
        if (mark !== undefined) this.#forgive(mark);
      },
    };
  }

  /** What is wrong, in the words of the catalogue. */
  findings(): Findings {
    const { starts, withinSeconds } = this.#ports.config.safeMode;
    const detail = `${starts} starts within ${withinSeconds} s ended in a crash`;
    return new Map(this.safeMode ? [["safe-mode", detail]] : []);
  }

  /** The run ends as it should; after safe mode, counting begins again. */
  ended(): void {
    const unclean = this.safeMode ? [] : this.#record.unclean;
    this.#record = { ...this.#record, unclean, running: null };
    this.#inFlight.clear();
    this.#keep();
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#inFlight[Symbol.dispose]();
  }

  #after(ms: number, act: () => void): void {
    this.#timers.push(setTimeout(act, ms).unref());
  }

  #lasted(): void {
    const { running } = this.#record;
    if (running === null) return;
    this.#record = { ...this.#record, running: { ...running, lasted: true } };
    this.#keep();
  }

  /** It has been looked at by now, and nothing happened. */
  #forgive(mark: Mark): void {
    const marks = this.#record.marks.filter((each) => each !== mark);
    this.#record = { ...this.#record, marks };
    this.#keep();
  }

  get #path(): string {
    return join(this.#ports.config.stateDir, "starts.json");
  }

  /** A full disk is no reason not to start. */
  #keep(): void {
    try {
      const fresh = `${this.#path}.new`;
      writeFileSync(fresh, JSON.stringify(this.#record), { mode: 0o600 });
      renameSync(fresh, this.#path);
    } catch (error) {
      this.#ports.events.startsNotKept(error);
    }
  }
}

/** What can't be read is as good as none: it is only about crashes. */
function readRecord(path: string): RunRecord {
  try {
    return parseJson(Saved, readFileSync(path, "utf8"), "starts.json");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof Malformed || code === "ENOENT") return NO_RUNS;
    throw error;
  }
}

const Saved = v.strictObject({
  unclean: v.pipe(v.array(Time), v.maxLength(MOST_STARTS)),
  running: v.nullable(v.strictObject({ at: Time, lasted: v.boolean() })),
  marks: v.pipe(
    v.array(
      v.strictObject({
        digest: Sha256,
        feed: v.optional(Feed),
        times: v.pipe(v.number(), v.integer(), v.minValue(1)),
      }),
    ),
    v.maxLength(MOST_MARKS),
  ),
});

/** A run that lasted so long was not stopped by what it began with. */
const LASTED_MS = 60_000;
