import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { Ledger } from "../../agent/ledger/ledger.js";
import type { JudgedBan } from "../../agent/ledger/review.js";
import { formatCidr, type Cidr } from "../../agent/model/cidr.js";
import type { FeedName } from "../../agent/model/position.js";
import type { ReviewedBanOp, ReviewedOp } from "../../agent/model/reviewed.js";
import type { Entry } from "../../agent/model/ruleset.js";
import {
  ban,
  LedgerFolder,
  lift,
  NOW,
  positionOf,
  recordNext,
} from "../support/agent/ledger.js";

describe("whatever has happened", () => {
  it("any revision that is kept can be gone back to, exactly", () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 25 }),
        fc.array(fc.nat(), { minLength: 1, maxLength: 3 }),
        (steps, targets) => {
          using folder = new LedgerFolder();
          const world = new World(folder);
          for (const each of steps) world.take(each);
          for (const each of targets) world.goBack(each);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("taking all rollbacks back leaves what feeds say", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 15 }), fc.nat(), (steps, at) => {
        using folder = new LedgerFolder();
        const world = new World(folder);
        for (const each of steps) {
          if (!("feed" in each) || each.feed !== "local") world.take(each);
        }
        const before = world.ruleset();
        world.goBack(at);
        world.undo();
        expect(world.ruleset()).toEqual(before);
      }),
      { numRuns: 30 },
    );
  });
});

type Step =
  | {
      readonly kind: "segment" | "snapshot";
      readonly feed: FeedName;
      readonly ops: readonly Op[];
    }
  | { readonly kind: "time"; readonly seconds: number }
  | { readonly kind: "guard"; readonly held: readonly string[] }
  | { readonly kind: "restart" | "purge" };

/** A ban for so many seconds from when it is recorded, or a lift. */
interface Op {
  readonly range: string;
  readonly seconds: number | undefined;
  readonly observed: boolean;
}

const ranges = ["::1", "10.0.0.0/8", "10.0.0.0", "10.0.0.1", "10.0.0.2"];
const range = fc.constantFrom(...ranges);
const op = fc.record({
  range,
  seconds: fc.option(fc.integer({ min: -1, max: 60 }), { nil: undefined }),
  observed: fc.boolean(),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom("segment", "snapshot"),
      feed: fc.constantFrom<FeedName>("urgent", "org/acme", "local"),
      ops: fc.array(op, { maxLength: 5 }),
    }),
  },
  fc.record({
    kind: fc.constant("time"),
    seconds: fc.integer({ min: 1, max: 15 }),
  }),
  fc.record({
    kind: fc.constant("guard"),
    held: fc.array(range, { maxLength: 2 }),
  }),
  fc.record({ kind: fc.constantFrom("restart", "purge") }),
);

/** A ledger, and what was in force in it at each revision. */
class World {
  readonly #folder: LedgerFolder;
  #ledger: Ledger;
  #now = NOW;
  /** What the guard holds by now. */
  #held: readonly string[] = [];
  #guards = 1;
  readonly #past: (readonly Entry[])[] = [[]];

  constructor(folder: LedgerFolder) {
    this.#folder = folder;
    this.#ledger = folder.open();
  }

  take(each: Step): void {
    switch (each.kind) {
      case "segment":
        this.#record(each.feed, each.ops);
        break;
      case "snapshot":
        this.#adopt(each.feed, each.ops);
        break;
      case "guard":
        this.#held = each.held;
        this.#review();
        break;
      case "time":
        this.#now += each.seconds;
        break;
      case "purge":
        while (this.#ledger.purge(this.#now, 3));
        break;
      case "restart":
        this.#ledger = this.#folder.open();
    }
    this.#remember();
  }

  goBack(seed: number): void {
    if (this.#past.length < 2) return;
    const revision = seed % (this.#past.length - 1);
    this.#ledger.overrides.rollBack({
      revision,
      now: this.#now,
      until: this.#now + 1_000,
      guardedBy: (cidr) => this.#guardedBy(cidr),
    });
    this.#remember();
    for (const each of ranges) {
      const was = this.#entriesAt(revision, each);
      const is = this.#entries(each);
      // Beside one that is dropped, one that is only observed may be given up.
      const [wanted, seen] =
        was.length === 2 ? [was, is].map(onlyDropped) : [was, is];
      expect([each, seen]).toEqual([each, wanted]);
    }
    this.#review(); // which changes nothing of it
    expect(this.ruleset()).toEqual(this.#past.at(-1)?.filter(this.#runs));
  }

  undo(): void {
    this.#ledger.overrides.undoRollbacks(this.#now);
  }

  ruleset(): readonly Entry[] {
    return ranges.flatMap((each) => this.#entries(each));
  }

  #entries(each: string): readonly Entry[] {
    return this.#ledger.effective(lift(each).cidr, this.#now);
  }

  #entriesAt(revision: number, each: string): readonly Entry[] {
    if (this.#held.includes(each)) return [];
    const past = this.#past[revision] ?? [];
    return past.filter(
      (entry) => this.#runs(entry) && formatCidr(entry.cidr) === each,
    );
  }

  readonly #runs = ({ expiresAt }: Entry): boolean => expiresAt > this.#now;

  #remember(): void {
    const revision = this.#ledger.revision();
    while (this.#past.length <= revision) this.#past.push([]);
    this.#past[revision] = this.ruleset();
  }

  #record(feed: FeedName, ops: readonly Op[]): void {
    const reviewed = ops.map((each) => this.#reviewed(feed, each));
    recordNext(this.#ledger, feed, reviewed, this.#now);
  }

  #adopt(feed: FeedName, ops: readonly Op[]): void {
    const staging = this.#ledger.stage(feed);
    const bans = ops
      .map((each) => this.#reviewed(feed, each))
      .filter((each): each is ReviewedBanOp => each.op === "ban");
    staging.add(bans, this.#now);
    const { epoch = "e1", offset = 0 } = this.#ledger.position(feed) ?? {};
    staging.adopt(positionOf(feed, offset + 1, epoch), this.#now);
  }

  #review(): void {
    this.#guards++;
    const guard = {
      digest: this.#guards,
      holdingRule: (each: JudgedBan) => this.#holdingRule(each),
    };
    while (this.#ledger.reviewAgain(guard, 100, this.#now));
  }

  #reviewed(feed: FeedName, each: Op): ReviewedOp {
    const { range: text, seconds, observed } = each;
    if (seconds === undefined) return lift(text);
    const given = ban(text, this.#now - NOW + seconds, { observed });
    const held = this.#holdingRule({ feed, ...given, held: undefined });
    return held === undefined ? given : { ...given, held };
  }

  #holdingRule(each: JudgedBan): string | undefined {
    return (
      this.#guardedBy(each.cidr) ??
      this.#ledger.overrides.withheldRuleOf(each, this.#now)
    );
  }

  #guardedBy(cidr: Cidr): string | undefined {
    return this.#held.includes(formatCidr(cidr)) ? "guarded" : undefined;
  }
}

const onlyDropped = (entries: readonly Entry[]): readonly Entry[] =>
  entries.filter(({ observed }) => !observed);
