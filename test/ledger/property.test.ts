import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { FeedCount } from "../../agent/ledger/copies.js";
import type { Ledger } from "../../agent/ledger/ledger.js";
import { compareCidrs, formatCidr } from "../../agent/model/cidr.js";
import type { FeedName } from "../../agent/model/position.js";
import type { ReviewedBanOp, ReviewedOp } from "../../agent/model/reviewed.js";
import type { Entry, RulesetChange } from "../../agent/model/ruleset.js";
import { unpacked } from "../support/agent/entries.js";
import {
  ban,
  LedgerFolder,
  lift,
  NOW,
  positionOf,
  recordNext,
  tellEntry,
} from "../support/agent/ledger.js";

describe("whatever is recorded", () => {
  it("the ruleset is that of a plain model, and every older kernel gets there", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        using folder = new LedgerFolder();
        const world = new World(folder);
        for (const each of steps) {
          world.take(each);
          world.check();
        }
        world.checkEveryKernel();
      }),
      { numRuns: 80 },
    );
  });
});

type Step =
  | { readonly kind: "segment"; readonly feed: FeedName; readonly ops: Op[] }
  | {
      readonly kind: "snapshot";
      readonly feed: FeedName;
      readonly bans: Op[];
      readonly meanwhile: Op[];
    }
  | { readonly kind: "abandoned"; readonly feed: FeedName; readonly bans: Op[] }
  | { readonly kind: "time"; readonly seconds: number }
  | { readonly kind: "purge" | "enforced" | "restart" };

/** A ban for so many seconds from when it is recorded, or a lift. */
interface Op {
  readonly range: string;
  readonly seconds: number | undefined;
  readonly held: boolean;
  readonly observed: boolean;
}

const feed = fc.constantFrom<FeedName>("urgent", "reputation", "org/acme");
const ranges = [
  "::/0",
  "::1",
  "0.0.0.0/0",
  "10.0.0.0/8",
  "10.0.0.0",
  "10.0.0.1",
];
const op = fc.record({
  range: fc.constantFrom(...ranges),
  seconds: fc.option(fc.integer({ min: -1, max: 30 }), { nil: undefined }),
  held: fc.boolean(),
  observed: fc.boolean(),
});
const ops = fc.array(op, { maxLength: 6 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant("segment"), feed, ops }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("snapshot"),
      feed,
      bans: ops,
      meanwhile: ops,
    }),
  },
  fc.record({ kind: fc.constant("abandoned"), feed, bans: ops }),
  fc.record({
    kind: fc.constant("time"),
    seconds: fc.integer({ min: 1, max: 10 }),
  }),
  fc.record({ kind: fc.constantFrom("purge", "enforced", "restart") }),
);

/** A ledger, a model of it, and a kernel left behind at every revision. */
class World {
  readonly #folder: LedgerFolder;
  readonly #model = new Model();
  readonly #kernels: Kernel[] = [new Kernel(0, [])];
  #ledger: Ledger;
  #now = NOW;
  #enforced = 0;

  constructor(folder: LedgerFolder) {
    this.#folder = folder;
    this.#ledger = folder.open();
  }

  take(each: Step): void {
    switch (each.kind) {
      case "segment":
        return this.#record(each.feed, each.ops);
      case "snapshot":
        return this.#adopt(each);
      case "abandoned":
        return this.#stage(each.feed, each.bans).discard();
      case "time":
        this.#now += each.seconds;
        return;
      case "purge":
        while (this.#ledger.purge(this.#now, 2));
        return this.#model.purge(this.#now);
      case "enforced":
        this.#enforced = this.#ledger.revision();
        return this.#ledger.enforced(this.#enforced);
      case "restart":
        this.#ledger = this.#folder.open();
    }
  }

  check(): void {
    expect(this.#ruleset()).toEqual(this.#model.ruleset(this.#now));
    expect(totalOf(this.#ledger.counts())).toEqual(this.#model.counts());
    for (const range of ranges) {
      const { cidr } = lift(range);
      expect(this.#ledger.effective(cidr, this.#now).map(tellEntry)).toEqual(
        this.#model.entriesOn(range, this.#now).map(tellEntry),
      );
      expect(
        this.#ledger
          .bansOn(cidr, this.#now)
          .filter((ban) => formatCidr(ban.cidr) === range),
      ).toHaveLength(this.#model.bansOn(range, this.#now));
    }
  }

  /** Each is interrupted after its first slice, and goes on from its label. */
  checkEveryKernel(): void {
    for (const kernel of this.#kernels) {
      const [first] = this.#changesFor(kernel);
      if (first === "rebuild") {
        expect(kernel.revision).toBeLessThan(this.#enforced);
        continue;
      }
      if (first !== undefined) kernel.apply(first);
      for (const change of this.#changesFor(kernel)) {
        expect(change).not.toBe("rebuild");
        if (change !== "rebuild") kernel.apply(change);
      }
      expect(kernel.ruleset(this.#now)).toEqual(this.#ruleset());
      expect(kernel.revision).toBe(this.#ledger.revision());
    }
  }

  #record(name: FeedName, given: readonly Op[]): void {
    const reviewed = given.map((each) => this.#reviewed(each));
    recordNext(this.#ledger, name, reviewed, this.#now);
    this.#model.record(name, reviewed, this.#now);
    this.#leaveKernel();
  }

  #adopt({ feed: name, bans, meanwhile }: Step & { kind: "snapshot" }): void {
    const staging = this.#stage(name, bans);
    staging.compare(this.#now);
    this.#record("local", meanwhile);
    const { epoch = "e1", offset = 0 } = this.#ledger.position(name) ?? {};
    staging.adopt(positionOf(name, offset + 1, epoch), this.#now);
    this.#model.adopt(name, this.#bans(bans), this.#now);
    this.#leaveKernel();
  }

  #stage(name: FeedName, bans: readonly Op[]) {
    const staging = this.#ledger.stage(name);
    staging.add(this.#bans(bans), this.#now);
    return staging;
  }

  #leaveKernel(): void {
    const entries = unpacked(this.#ledger.entries(100, this.#now));
    this.#kernels.push(new Kernel(this.#ledger.revision(), entries));
  }

  #changesFor({ revision }: Kernel) {
    return this.#ledger.changesSince(revision, 2, () => this.#now);
  }

  #ruleset(): string[] {
    const entries = unpacked(this.#ledger.entries(2, this.#now));
    return entries.sort(enforcedFirst).map(tellEntry);
  }

  #bans(given: readonly Op[]): ReviewedBanOp[] {
    const each = new Map(given.map((one) => [one.range, one]));
    return [...each.values()].map((one) => this.#ban(one));
  }

  #reviewed(given: Op): ReviewedOp {
    return given.seconds === undefined ? lift(given.range) : this.#ban(given);
  }

  #ban({ range, seconds = 20, held, observed }: Op): ReviewedBanOp {
    const given = ban(range, this.#now - NOW + seconds, { observed });
    return held ? { ...given, held: "wide" } : given;
  }
}

/** What the ledger should say, kept in the plainest way. */
class Model {
  readonly #feeds = new Map<FeedName, Map<string, ReviewedBanOp>>();

  record(name: FeedName, given: readonly ReviewedOp[], now: number): void {
    const bans = this.#feeds.get(name) ?? new Map<string, ReviewedBanOp>();
    this.#feeds.set(name, bans);
    for (const each of given) {
      bans.delete(formatCidr(each.cidr));
      if (each.op === "ban" && each.expiresAt > now) {
        bans.set(formatCidr(each.cidr), each);
      }
    }
  }

  adopt(name: FeedName, bans: readonly ReviewedBanOp[], now: number): void {
    this.#feeds.delete(name);
    this.record(name, bans, now);
  }

  purge(now: number): void {
    for (const bans of this.#feeds.values()) {
      for (const [range, { expiresAt }] of bans) {
        if (expiresAt <= now) bans.delete(range);
      }
    }
  }

  bansOn(range: string, now: number): number {
    return this.#all(now).filter(({ cidr }) => formatCidr(cidr) === range)
      .length;
  }

  /** The longest enforced and the longest observed one, where there is one. */
  entriesOn(range: string, now: number): Entry[] {
    const here = this.#all(now).filter(
      ({ cidr, held }) => held === undefined && formatCidr(cidr) === range,
    );
    const longestFirst = here.sort((a, b) => b.expiresAt - a.expiresAt);
    return [false, true].flatMap((observed) =>
      longestFirst.filter((each) => each.observed === observed).slice(0, 1),
    );
  }

  ruleset(now: number): string[] {
    return ranges
      .flatMap((range) => this.entriesOn(range, now))
      .sort(enforcedFirst)
      .map(tellEntry);
  }

  /** Those that ran out and are not purged included. */
  counts(): Omit<FeedCount, "feed"> {
    const all = this.#all(0);
    const free = all.filter(({ held }) => held === undefined);
    return {
      bans: all.length,
      held: all.length - free.length,
      observed: free.filter(({ observed }) => observed).length,
    };
  }

  #all(now: number): ReviewedBanOp[] {
    return [...this.#feeds.values()]
      .flatMap((bans) => [...bans.values()])
      .filter(({ expiresAt }) => expiresAt > now);
  }
}

/** Holds entries until they run out, as the kernel does. */
class Kernel {
  /** By range: an enforced one, an observed one, or both. */
  readonly #entries = new Map<string, readonly Entry[]>();

  constructor(
    public revision: number,
    entries: readonly Entry[],
  ) {
    this.apply({ revision, put: entries, remove: [] });
  }

  apply({ revision, put, remove }: RulesetChange): void {
    this.revision = revision;
    const named = [...put.map(({ cidr }) => cidr), ...remove];
    for (const cidr of named) this.#entries.delete(formatCidr(cidr));
    for (const entry of put) {
      const range = formatCidr(entry.cidr);
      const others = this.#entries.get(range) ?? [];
      expect(others).not.toContainEqual(
        expect.objectContaining({ observed: entry.observed }),
      );
      this.#entries.set(range, [...others, entry]);
    }
  }

  ruleset(now: number): string[] {
    return ranges
      .flatMap((range) => this.#entries.get(range) ?? [])
      .filter(({ expiresAt }) => expiresAt > now)
      .sort(enforcedFirst)
      .map(tellEntry);
  }
}

const totalOf = (counts: readonly FeedCount[]): Omit<FeedCount, "feed"> => {
  const sumOf = (part: "bans" | "held" | "observed") =>
    counts.reduce((sum, each) => sum + each[part], 0);
  return {
    bans: sumOf("bans"),
    held: sumOf("held"),
    observed: sumOf("observed"),
  };
};

/** By range, and of one range the enforced one first. */
const enforcedFirst = (a: Entry, b: Entry): number =>
  compareCidrs(a.cidr, b.cidr) || Number(a.observed) - Number(b.observed);
