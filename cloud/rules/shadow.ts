import type { Logger } from "../../agent/log/logger.js";
import type { Cidr } from "../../agent/model/cidr.js";
import type { Clock } from "../../agent/runtime/clock.js";
import type { Decisions } from "../journal/decisions.js";
import type { ShadowBan, ShadowCount } from "../journal/rule-events.js";
import type { Match, Sight } from "./looker.js";
import type { RuleBook } from "./rule-book.js";

export interface ShadowPorts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly book: Pick<
    RuleBook,
    "inShadow" | "shadowed" | "counts" | "onChanged"
  >;
  readonly decisions: Pick<Decisions, "append">;
  /** How far observations have come. */
  readonly seen: () => number;
  /** Why a person would decide; "special": nobody is banned there. */
  veto(attacker: string, range: Cidr): ShadowBan["veto"] | "special";
  /** Until when everybody bans the range anyhow: Unix seconds, or 0. */
  coveredUntil(range: Cidr): Promise<number>;
}

/** What rules in the shadow would have done by now. */
export interface ShadowTold {
  readonly counts: readonly ShadowCount[];
  /** The newest first. */
  readonly bans: readonly ShadowBan[];
}

/**
 * Looks at what the rules in force look at, and bans nobody: it counts. What it
 * would have banned is written down now and then, however much that is.
 */
export class Shadow implements AsyncDisposable {
  readonly #ports: ShadowPorts;
  readonly #timer: Disposable;
  readonly #subscription: Disposable;
  /** By attacker: until when it would be banned, and what was seen by then. */
  readonly #banned = new Map<string, { until: number; through: number }>();
  readonly #counts = new Map<string, ShadowCount>();
  #version: number | undefined;
  /** What earlier starts have counted is not counted again for being seen again. */
  #countedThrough = 0;
  #fresh: ShadowBan[] = [];
  #toldAt = -Infinity;
  #telling: Promise<void> = Promise.resolve();

  constructor(ports: ShadowPorts) {
    this.#ports = ports;
    this.#timer = ports.clock.every(LOOK_EVERY_MS, () => this.#remind());
    this.#subscription = ports.book.onChanged(() => this.#tell());
  }

  /** Never rejects. */
  async lookAt(sight: Sight): Promise<void> {
    const { attacker, range } = sight;
    const shadow = this.#ports.book.inShadow();
    if (shadow === undefined) return;
    if (shadow.version !== this.#version) this.#begin(shadow.version);
    const known = this.#banned.get(attacker);
    if (known !== undefined && known.until > this.#ports.clock.now()) return;
    try {
      const after = known?.through ?? 0;
      for await (const match of sight.matches(shadow.rules, after)) {
        await this.#note(attacker, range, match);
        return;
      }
    } catch (error) {
      const what = "rules in the shadow could not look";
      this.#ports.log.error(what, { attacker, error });
    }
  }

  /** With what is not written down yet. */
  told(version: number): ShadowTold {
    const { book } = this.#ports;
    const counts = new Map(
      book.counts(version).map((each) => [each.rule, each]),
    );
    if (version === this.#version) {
      for (const each of this.#counts.values()) {
        counts.set(each.rule, sum(counts.get(each.rule), each));
      }
    }
    const fresh = version === this.#version ? [...this.#fresh].reverse() : [];
    const bans = [...fresh, ...book.shadowed(version, MOST_SHOWN)];
    return { counts: [...counts.values()], bans: bans.slice(0, MOST_SHOWN) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#timer[Symbol.dispose]();
    this.#subscription[Symbol.dispose]();
    this.#tell();
    await this.#telling;
  }

  /** What earlier starts would have banned is banned still. */
  #begin(version: number): void {
    this.#version = version;
    this.#banned.clear();
    this.#fresh = [];
    this.#counts.clear();
    this.#toldAt = -Infinity;
    const { book, seen } = this.#ports;
    this.#countedThrough = book.counts(version).length > 0 ? seen() : 0;
    for (const ban of book.shadowed(version, MOST_SHOWN)) {
      this.#remember(ban, 0);
    }
  }

  async #note(attacker: string, range: Cidr, match: Match): Promise<void> {
    const { clock, seen } = this.#ports;
    const { verdict, forS } = match;
    if (Math.max(...verdict.evidence) <= this.#countedThrough) return;
    const veto = this.#ports.veto(attacker, range);
    if (veto === "special") return;
    const at = clock.now();
    const through = seen();
    const until = await this.#ports.coveredUntil(range);
    const ban: ShadowBan = {
      ...{ rule: verdict.rule, attacker, at, lasts: forS, veto },
      ...{ orgs: verdict.orgs.length, hosts: verdict.hosts },
      ...{ confidence: verdict.confidence, stood: until * 1_000 > at },
    };
    this.#remember(ban, through);
    this.#fresh.push(ban);
    if (this.#fresh.length > MOST_TOLD) this.#fresh.shift();
    const one = {
      ...{ rule: ban.rule, bans: 1, stood: Number(ban.stood) },
      vetoed: Number(veto !== null),
    };
    this.#counts.set(ban.rule, sum(this.#counts.get(ban.rule), one));
  }

  #remember({ attacker, at, lasts }: ShadowBan, through: number): void {
    this.#banned.delete(attacker); // so that it is the newest
    this.#banned.set(attacker, { until: at + lasts * 1_000, through });
    const [oldest] = this.#banned.keys();
    if (this.#banned.size > MOST_BANNED && oldest !== undefined) {
      this.#banned.delete(oldest);
    }
  }

  #remind(): void {
    const now = this.#ports.clock.now();
    if (now - this.#toldAt >= TOLD_EVERY_MS) this.#tell();
  }

  #tell(): void {
    const version = this.#version;
    if (version === undefined || this.#counts.size === 0) return;
    this.#toldAt = this.#ports.clock.now();
    const counts = [...this.#counts.values()];
    const bans = this.#fresh;
    this.#counts.clear();
    this.#fresh = [];
    const event = { kind: "shadowed", version, counts, bans } as const;
    this.#telling = this.#telling.then(async () => {
      await this.#ports.decisions.append([event]).catch((error: unknown) => {
        const what = "what rules in the shadow would ban was not noted";
        this.#ports.log.error(what, { error });
      });
    });
  }
}

const sum = (before: ShadowCount | undefined, more: ShadowCount) => ({
  rule: more.rule,
  bans: (before?.bans ?? 0) + more.bans,
  vetoed: (before?.vetoed ?? 0) + more.vetoed,
  stood: (before?.stood ?? 0) + more.stood,
});

/** At some 100 bytes each: 2 MB. Who is forgotten would be banned once more. */
const MOST_BANNED = 20_000;

/** What is shown, and kept in the view. */
const MOST_SHOWN = 1_000;

/** An event every ten minutes at most, of 20 KB at most: 3 MB a day. */
const MOST_TOLD = 100;
const TOLD_EVERY_MS = 10 * 60 * 1_000;
const LOOK_EVERY_MS = 5_000;
