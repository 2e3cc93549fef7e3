import { describe, expect, it } from "@jest/globals";
import {
  areEnough,
  fewest,
  written,
  type Witnesses,
} from "../../../cloud/rules/witnesses.js";

const by = (
  weights: readonly number[],
  needs: Partial<Witnesses["needs"]> = {},
): Witnesses => ({
  ...{ orgs: weights.map((_, n) => `org${n}`), weights },
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
