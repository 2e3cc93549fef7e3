import { existsSync } from "node:fs";
import type { Config } from "../config/config.js";
import type { Translators } from "../model/translators.js";
import type { Clock } from "../runtime/clock.js";
import { Drought } from "./drought.js";
import {
  findingsOf,
  type SensorFindings,
  type SensorView,
} from "./sensor-view.js";
import { PATIENCE_MS } from "./source-counts.js";
import { SENSOR, type Detection, type Thresholds } from "./sshd-judge.js";
import { SshdSource, type Place } from "./sshd-source.js";
import { Vouching, type VouchingEvents } from "./vouching.js";

export type { Detection };

export interface SshdSensorPorts {
  readonly settings: Pick<Config["sensors"]["sshd"], "source" | "ports">;
  thresholds(): Thresholds;
  /** Prefixes by which this host sees IPv4. */
  readonly translators: Translators;
  readonly clock: Clock;
  /** Deals with them, and then more is read. */
  detected(detections: readonly Detection[]): Promise<void>;
  readonly events: SensorEvents;
  /** What to start for the journal; "journalctl" unless given. */
  readonly journalctl?: string;
  /** Where logs are unless the settings say it. */
  readonly places?: UsualPlaces;
}

export interface UsualPlaces {
  /** Folders that systemd keeps its journal in. */
  readonly journals: readonly string[];
  /** Log files of the distributions; the first one there is read. */
  readonly files: readonly string[];
}

/** Says what a sensor reads from, and when it can't. */
export interface SensorEvents extends VouchingEvents {
  sensorFound(sensor: string, source: string): void;
  sensorLost(sensor: string, source: string, why: Error): void;
}

/**
 * Watches sshd's log, and tells who failed to log in too often. Unless the
 * settings name one, both the journal and the usual file are read where they
 * are, each with a judge of its own: which of them gets lines is seen, not guessed.
 */
export class SshdSensor implements AsyncDisposable {
  readonly #ports: SshdSensorPorts;
  readonly #sources: SshdSource[] = [];
  readonly #vouching: Vouching;
  readonly #tick: Disposable;
  /** Connections since sshd last said anything, wherever. */
  readonly #silence = new Drought(MOST_SILENT, PATIENCE_MS);
  #lookedAt: number;
  #isServed = false;

  constructor(ports: SshdSensorPorts) {
    const { settings, translators, clock, events } = ports;
    this.#ports = ports;
    this.#lookedAt = clock.monotonic();
    this.#vouching = new Vouching({
      ...{ ports: settings.ports, translators, clock, events },
      thresholds: () => ports.thresholds(),
      journal: () => this.#sourceOf("journal"),
      detected: (detections) => ports.detected(detections),
    });
    this.#openSources();
    if (this.#sourceOf("file")?.isProven === false) {
      void this.#vouching.listen();
    }
    this.#tick = clock.every(LOOK_EVERY_MS, () => this.#look());
  }

  view(): readonly SensorView[] {
    const { unseen } = this.#vouching;
    return this.#sources.map((source) => ({
      ...{ name: SENSOR, source: source.name, kind: source.place.kind },
      trust: trustIn(source, unseen),
      ...source.counts.view(),
    }));
  }

  /** What is wrong with it, now. */
  findings(): SensorFindings {
    const { settings, clock } = this.#ports;
    const now = clock.monotonic();
    return findingsOf({
      now,
      sources: this.#sources,
      ports: settings.ports,
      isExpected: settings.source !== undefined || this.#isServed,
      silent: this.#silence.lasting(now),
      vouching: this.#vouching,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#tick[Symbol.dispose]();
    await Promise.all(this.#sources.map((it) => it[Symbol.asyncDispose]()));
    await this.#vouching[Symbol.asyncDispose]();
  }

  #look(): void {
    this.#openSources();
    const heardAt = Math.max(...this.#sources.map((it) => it.counts.heardAt));
    const begun = this.#vouching.ask((it) => it.begun()) ?? 0;
    this.#isServed = this.#vouching.ask((it) => it.isServed()) ?? false;
    const now = this.#ports.clock.monotonic();
    if (heardAt >= this.#lookedAt) this.#silence.end();
    else if (begun > 0) this.#silence.note(now, begun);
    this.#lookedAt = now;
    // As long as the journal works, no file needs to be vouched for.
    const journal = this.#sourceOf("journal");
    if ((journal?.counts.ofService ?? 0) > 0) this.#vouching.rest();
  }

  /** A journal or a file may come later. */
  #openSources(): void {
    for (const place of this.#places()) {
      if (this.#sourceOf(place.kind) !== undefined) continue;
      const { translators, clock, events, journalctl } = this.#ports;
      const source = new SshdSource(place, {
        ...{ translators, clock, events },
        thresholds: () => this.#ports.thresholds(),
        journalctl: journalctl ?? "journalctl",
        suspected: (from, some) => this.#vouching.take(from, some),
      });
      this.#sources.push(source);
    }
  }

  #places(): readonly Place[] {
    const { source } = this.#ports.settings;
    if (source === "journal") return [{ kind: "journal" }];
    if (source !== undefined) {
      const { file: path, onlySshd: alone } = source;
      return [{ kind: "file", path, alone }];
    }
    const { journals, files } = this.#ports.places ?? USUAL_PLACES;
    const journal: Place[] = journals.some((it) => existsSync(it))
      ? [{ kind: "journal" }]
      : [];
    const path = files.find((it) => existsSync(it));
    if (path !== undefined) {
      return [...journal, { kind: "file", path, alone: false }];
    }
    const [first] = files;
    if (journal.length > 0 || first === undefined) return journal;
    return [{ kind: "file", path: first, alone: false }];
  }

  #sourceOf(kind: Place["kind"]): SshdSource | undefined {
    return this.#sources.find(({ place }) => place.kind === kind);
  }
}

function trustIn(
  source: SshdSource,
  unseen: string | undefined,
): SensorView["trust"] {
  if (source.isProven) return "writer";
  return unseen === undefined ? "kernel" : "nobody";
}

const USUAL_PLACES: UsualPlaces = {
  journals: ["/run/log/journal", "/var/log/journal"],
  files: ["/var/log/auth.log", "/var/log/secure", "/var/log/messages"],
};

const LOOK_EVERY_MS = 30_000;

/** Whoever looks whether sshd is there makes sshd say something; so few are chance. */
const MOST_SILENT = 10;
