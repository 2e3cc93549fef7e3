import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import {
  added,
  areEnough,
  fewest,
  isEnough,
  sumOf,
  TINY,
  written,
  type Witnesses,
  type Word,
} from "../../../cloud/rules/witnesses.js";

const by = (
  weights: readonly number[],
  needs: Partial<Witnesses["needs"]> = {},
): Witnesses => ({
  ...{ orgs: weights.map((_, n) => `org${n}`), weights },
  words: weights.map((weight) => ({ weight })),
  needs: { weight: 0, orgs: 0, ...needs },
});

describe("a part of the witnesses", () => {
  it("is enough by its weight, however many they are", () => {
    const puppets = Array.from({ length: 97 }, () => 0.01);
    const witnesses = by([1, 1, 1, ...puppets], { weight: 3 });
    const stolen = new Set(["org0", "org1", "org2"]);
    expect(areEnough(witnesses, (org) => stolen.has(org))).toBe(true);
    expect(areEnough(witnesses, (org) => !stolen.has(org))).toBe(false);
    const thirds = by([0.1, 0.1, 0.1], { weight: 0.3 });
    expect(areEnough(thirds, () => true)).toBe(true);
  });

  it("is enough by those who count as one each", () => {
    const witnesses = by([1, 0.5, 0.4, 0.4], { orgs: 2 });
    expect(areEnough(witnesses, (org) => org !== "org3")).toBe(true);
    expect(areEnough(witnesses, (org) => org !== "org1")).toBe(false);
  });

  it("is always enough where hosts count", () => {
    expect(areEnough(by([1, 1]), () => false)).toBe(true);
  });
});

describe("orgs that came in a batch", () => {
  const HOUR_MS = 60 * 60 * 1000;
  const came = (hours: number, weight: number): Word => {
    return { weight, batchAt: hours * HOUR_MS };
  };

  it("weigh as the heaviest of those that came within a day of each other", () => {
    const three = [came(0, 0.5), came(24, 1), came(48, 0.5)];
    expect(added(three)).toEqual([0, 1, 0]);
    const apart = [came(30, 0.5), { weight: 0.2 }, came(24, 0.9), came(0, 0.5)];
    expect(added(apart)).toEqual([0.5, 0.2, 0, 0.5]);
    expect(added([came(1, 0.5), came(1, 0.5)])).toEqual([0.5, 0]);
  });

  it("are so many as came apart, where each has to weigh so much", () => {
    const light = [came(0, 0.5), came(25, 0.5), came(50, 0.5)];
    const heavy = [came(12, 1), came(37, 1)];
    const needs = { weight: 0, orgs: 3 };
    expect(isEnough(needs, light)).toBe(true);
    expect(isEnough(needs, [...light, ...heavy])).toBe(true);
    expect(isEnough(needs, [...light.slice(1), ...heavy])).toBe(false);
  });

  it("are enough by whoever of them counts", () => {
    const witnesses: Witnesses = {
      ...{ orgs: ["a", "b", "p"], weights: [1, 1, 0] },
      words: [came(0, 1), { weight: 1 }, came(1, 1)],
      needs: { weight: 2, orgs: 2 },
    };
    expect(fewest(witnesses)).toEqual(["a", "b"]);
    // Who floods has no room, and takes none from whom it came with.
    for (const full of ["a", "p"]) {
      expect(areEnough(witnesses, (org) => org !== full)).toBe(true);
    }
    expect(areEnough(witnesses, (org) => org !== "b")).toBe(false);
  });

  it("never weigh less by who joins them", () => {
    const word = fc.record({
      weight: fc.constantFrom(0.03, 0.25, 0.5, 0.7, 1),
      batchAt: fc.option(
        fc.integer({ min: 0, max: 100 }).map((hours) => hours * HOUR_MS),
        { nil: undefined },
      ),
    });
    const needs = { weight: 0, orgs: 3 };
    fc.assert(
      fc.property(fc.array(word, { maxLength: 12 }), word, (some, one) => {
        const more = [...some, one];
        const gained = sumOf(added(more)) - sumOf(added(some));
        expect(gained).toBeGreaterThan(-TINY);
        if (isEnough(needs, some)) expect(isEnough(needs, more)).toBe(true);
      }),
    );
  });
});

describe("the fewest that are enough", () => {
  it("are the heaviest, and all where hosts count", () => {
    const many = by([1, 1, 0.5, 0.5, 0.1], { weight: 3 });
    expect(fewest(many)).toEqual(["org0", "org1", "org2", "org3"]);
    const solid = by([1, 1, 0.5, 0.1], { weight: 1.5, orgs: 3 });
    expect(fewest(solid)).toEqual(["org0", "org1", "org2"]);
    expect(fewest(by([1, 1]))).toEqual(["org0", "org1"]);
  });
});

describe("what the log has of them", () => {
  it("is the 256 heaviest, to the thousandth", () => {
    const weights = [1, ...Array.from({ length: 299 }, () => 1 / 3)];
    const { orgs, weights: kept } = written(by(weights));
    expect([orgs.length, orgs[0], orgs.at(-1)]).toEqual([
      ...[256, "org0", "org255"],
    ]);
    expect(kept.slice(0, 2)).toEqual([1, 0.333]);
    expect(kept).toHaveLength(256);
  });
});
