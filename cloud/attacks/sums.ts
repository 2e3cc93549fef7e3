import type { ItemOf } from "../../agent/protocol/telemetry.js";
import type { TelemetryTaken } from "../journal/observation-events.js";
import type { Countries } from "../places/countries.js";
import { attackerOf, readRemote } from "../telemetry/remote.js";
import type { ToldOf } from "./told-of.js";

/** What is counted of attacks. */
export const measures = [
  ...(["detections", "failures", "packets", "dropped", "attackers"] as const),
] as const;
export type Measure = (typeof measures)[number];

/** `attackers`: those that its org did not know of before. */
export type Sums = Record<Measure, number>;

export const noSums = (): Sums => ({
  ...{ detections: 0, failures: 0, packets: 0, dropped: 0, attackers: 0 },
});

/** Sums of a minute and country. */
export interface MinuteSums {
  /** When the minute began: milliseconds since 1970. */
  readonly minute: number;
  /** Two letters, or `UNKNOWN`. */
  readonly country: string;
  readonly sums: Sums;
  /** Attackers that nobody knew of before. */
  newToAll: number;
}

/** Of what nobody knows the country. */
export const UNKNOWN = "";

export const MINUTE_MS = 60_000;

/** Adds up what a message tells, by the minutes and countries of attacks. */
export class SumsIn {
  readonly #at: number;
  readonly #countries: Pick<Countries, "of">;
  readonly #found = new Map<string, MinuteSums>();

  /**
   * @param at when the message came: nothing is from later than that; in milliseconds
   * since 1970
   */
  constructor(at: number, countries: Pick<Countries, "of">) {
    this.#at = at;
    this.#countries = countries;
  }

  all(): readonly MinuteSums[] {
    return [...this.#found.values()];
  }

  add({ items }: Pick<TelemetryTaken, "items">): void {
    for (const item of items) {
      if (item.kind === "detection") this.#detection(item);
      else if (item.kind === "hits") this.#hits(item);
    }
  }

  /** An attacker that its org did not know of, and perhaps nobody. */
  addNew({ cidr, lastSeen }: ToldOf, isNewToAll: boolean): void {
    const country = this.#countries.of(cidr) ?? UNKNOWN;
    const minute = this.#minute(lastSeen, country);
    minute.sums.attackers += 1;
    if (isNewToAll) minute.newToAll += 1;
  }

  #detection({ source, count, lastSeen }: ItemOf<"detection">): void {
    const { sums } = this.#minute(lastSeen, this.#countryOf(source));
    sums.detections += 1;
    sums.failures += count;
  }

  #hits({ to, top, others }: ItemOf<"hits">): void {
    for (const { remote, packets, observed } of top) {
      const { sums } = this.#minute(to, this.#countryOf(remote));
      sums.packets += packets;
      if (!observed) sums.dropped += packets;
    }
    if (others.packets === 0) return;
    const { sums: rest } = this.#minute(to, UNKNOWN);
    rest.packets += others.packets;
    // Journals of an earlier version know nothing of observing.
    const { observed = 0 } = others as { observed?: number };
    rest.dropped += Math.max(0, others.packets - observed);
  }

  #countryOf(text: string): string {
    const remote = readRemote(text);
    const attacker = remote && attackerOf(remote);
    const known = attacker && this.#countries.of(attacker);
    return known ?? UNKNOWN;
  }

  #minute(time: number, country: string): MinuteSums {
    const at = Math.min(time, this.#at);
    const minute = at - (at % MINUTE_MS);
    const key = `${minute} ${country}`;
    const known = this.#found.get(key);
    if (known !== undefined) return known;
    const made = { minute, country, sums: noSums(), newToAll: 0 };
    this.#found.set(key, made);
    return made;
  }
}
