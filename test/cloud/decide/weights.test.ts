import { describe, expect, it } from "@jest/globals";
import {
  DAY_MS,
  SETTINGS,
  decided,
  open,
  sight,
  undone,
  vouched,
} from "./weighed.js";

describe("an org weighs 1", () => {
  it("once enough of its hosts were seen over enough days", async () => {
    await using world = await open({ ...SETTINGS, standingConfirmed: 0 });
    await world.enrol("acme", 2);
    await world.enrol("tiny", 1);
    expect(world.among("acme", "tiny")).toEqual([]);
    world.clock.jump(14 * DAY_MS);
    expect(world.among("acme", "tiny")).toEqual([]); // silent since
    await world.seen("acme/1");
    await world.seen("tiny/1");
    expect(world.among("acme")).toEqual([]); // one of two
    await world.seen("acme/2");
    expect(world.among("acme", "tiny")).toEqual(["acme"]);
  });

  it("no more, once its hosts were revoked", async () => {
    await using world = await open({ ...SETTINGS, standingConfirmed: 0 });
    await world.settle("acme");
    await world.decide({ kind: "agent-revoked", agent: "acme/1", by: "first" });
    expect(world.among("acme")).toEqual([]);
  });

  it("by hosts that are old, however many new ones it enrols", async () => {
    await using world = await open({ ...SETTINGS, standingConfirmed: 0 });
    await world.enrol("acme", 1);
    world.clock.jump(20 * DAY_MS);
    await world.seen("acme/1");
    await world.enrol("acme", 100);
    expect(world.among("acme")).toEqual([]);
  });

  it("when others, who are not part of it, saw what it saw", async () => {
    await using world = await open(SETTINGS);
    for (const org of ["a", "b", "c", "d"]) await world.settle(org);
    for (let n = 1; n <= 3; n++) {
      expect(world.among("a", "b", "c")).toEqual([]);
      for (const org of ["a", "b", "c", "d"])
        await world.sees(org, `192.0.2.${n}`);
    }
    expect(world.among("a", "b", "c")).toEqual(["a", "b", "c"]);
    // All who ever confirmed each other, at once: nobody is left to bear witness.
    expect(world.among("a", "b", "c", "d")).toEqual([]);
  });

  it("with nobody's word but theirs, when they are twice as many as needed", async () => {
    await using world = await open(SETTINGS);
    const six = ["a", "b", "c", "d", "e", "f"];
    for (const org of six) await world.settle(org);
    expect(world.among(...six)).toEqual([]);
    expect(world.sum(...six.slice(0, 5))).toBe(2.5);
    expect(world.sum(...six)).toBe(3);
  });

  it("not by saying one thing often, nor by what its guard held", async () => {
    await using world = await open(SETTINGS);
    for (const org of ["a", "b"]) await world.settle(org);
    const said = Array.from({ length: 50 }, (_, n) =>
      ["a", "b"].flatMap((org) => [
        sight(org, "192.0.2.1"),
        sight(org, `203.0.113.${n}`, "held"),
      ]),
    );
    await world.observe(...said.flat());
    expect(world.among("a")).toEqual([]);
  });

  it("not by the word of strangers, or of long ago", async () => {
    await using world = await open(SETTINGS);
    for (const org of ["a", "b"]) await world.settle(org);
    await world.enrol("stranger", 2);
    for (let n = 1; n <= 5; n++) {
      for (const org of ["a", "stranger"])
        await world.sees(org, `192.0.2.${n}`);
    }
    expect(world.among("a")).toEqual([]);
    for (let n = 11; n <= 15; n++) {
      for (const org of ["a", "b"]) await world.sees(org, `192.0.2.${n}`);
    }
    expect(world.among("a")).toEqual(["a"]);
    world.clock.jump(31 * DAY_MS);
    expect(world.among("a")).toEqual([]);
  });

  it("whoever mimics it: a thousand strangers do not displace who confirms it", async () => {
    await using world = await open(SETTINGS);
    for (const org of ["a", "b"]) await world.settle(org);
    for (let n = 1; n <= 5; n++) {
      for (const org of ["a", "b"]) await world.sees(org, `192.0.2.${n}`);
    }
    world.clock.jump(DAY_MS);
    const mimics = Array.from({ length: 40 }, (_, n) =>
      Array.from({ length: 30 }, (_, m) =>
        [`puppet${n}/${m}`, "a"].map((org) => sight(org, `198.51.${n}.${m}`)),
      ),
    );
    await world.observe(...mimics.flat(2));
    expect(world.among("a")).toEqual(["a"]);
  });
});

describe("orgs that came in a batch", () => {
  it("weigh together what the heaviest of them does, after weeks as well", async () => {
    await using world = await open(SETTINGS);
    const puppets = Array.from({ length: 50 }, (_, n) => `puppet${n}`);
    for (const org of puppets) await world.settle(org);
    expect(world.sum(...puppets)).toBeCloseTo(0.5);
    for (let n = 1; n <= 3; n++) {
      for (const org of puppets) await world.sees(org, `192.0.2.${n}`);
    }
    // Those that are no part of the case confirm those that are: to no avail.
    expect(world.sum(...puppets.slice(0, 6))).toBeCloseTo(0.5);
    expect(world.told("puppet1")).toMatchObject({ batch: 50, confirmed: 0 });
  });

  it("weigh one at most, whoever they mimic", async () => {
    await using world = await open(SETTINGS);
    const puppets = Array.from({ length: 9 }, (_, n) => `puppet${n}`);
    for (const org of puppets) await world.settle(org);
    world.clock.jump(3 * DAY_MS);
    await world.settle("honest");
    for (let n = 1; n <= 3; n++) {
      for (const org of ["honest", ...puppets]) {
        await world.sees(org, `192.0.2.${n}`);
      }
    }
    expect(world.sum(...puppets)).toBeCloseTo(1);
    expect(world.weightOf("honest")).toBe(1);
  });

  it("weigh the same in whatever order they are told", async () => {
    await using world = await open(SETTINGS);
    for (const day of ["first", "second", "third"]) {
      for (let n = 0; n < 9; n++) await world.settle(`${day}${n}`);
      world.clock.jump(DAY_MS);
    }
    const three = ["first0", "second0", "third0"] as const;
    const [first, second, third] = three;
    expect(three.map((org) => world.told(org).batch)).toEqual([18, 27, 18]);
    for (const told of [three, [second, first, third], [third, second, first]])
      expect(world.sum(...told)).toBeCloseTo(1);
  });

  it("are none when they come eight a day, and none after three months", async () => {
    await using world = await open(SETTINGS);
    const eight = Array.from({ length: 8 }, (_, n) => `org${n}`);
    for (const org of eight) await world.settle(org);
    expect(world.sum(...eight)).toBe(4);
    await world.settle("ninth");
    expect(world.sum(...eight)).toBeCloseTo(0.5);
    world.clock.jump(90 * DAY_MS);
    expect(world.sum(...eight)).toBe(4);
  });
});

describe("who joins a case", () => {
  it("takes no weight from whom it came with, however little it weighs itself", async () => {
    await using world = await open(SETTINGS);
    await world.settle("early");
    world.clock.jump(3 * DAY_MS);
    const batch = ["a", ...Array.from({ length: 8 }, (_, n) => `p${n}`)];
    for (const org of batch) await world.settle(org);
    for (let n = 1; n <= 3; n++) {
      for (const org of ["early", "a"]) await world.sees(org, `192.0.2.${n}`);
    }
    expect(world.sum("a")).toBe(1);
    for (const id of ["dec-1", "dec-2", "dec-3", "dec-4"]) {
      await world.decide(decided(id, ["p1"]), undone(id, true));
    }
    expect(world.weightOf("p1")).toBeCloseTo(0.5 ** 5);
    expect(world.sum("a", "p0")).toBe(1);
    expect(world.sum("a", "p0", "p1")).toBe(1);
    expect(world.sum("p0", "p1")).toBe(0.5);
  });
});

describe("a voucher", () => {
  it("has an org count on the first day, until it ends or is withdrawn", async () => {
    await using world = await open(SETTINGS);
    expect(world.weightOf("new")).toBe(0);
    const expiresAt = world.clock.now() + 30 * DAY_MS;
    await world.decide(vouched("new", expiresAt));
    expect(world.weightOf("new")).toBe(1);
    expect(world.told("new").vouch).toMatchObject({ by: "ada", expiresAt });
    world.clock.jump(30 * DAY_MS);
    expect(world.weightOf("new")).toBe(0);
    await world.decide(vouched("new", world.clock.now() + DAY_MS));
    expect(world.weightOf("new")).toBe(1);
    const withdrawn = { org: "new", by: "ada", reason: "gone" };
    await world.decide({ kind: "vouch-withdrawn", ...withdrawn });
    expect(world.weightOf("new")).toBe(0);
  });

  it("takes an org out of its batch, and lets it confirm the others", async () => {
    await using world = await open(SETTINGS);
    const orgs = Array.from({ length: 12 }, (_, n) => `org${n}`);
    for (const org of orgs) await world.settle(org);
    await world.decide(vouched("org0", world.clock.now() + 30 * DAY_MS));
    for (let n = 1; n <= 3; n++) {
      for (const org of orgs) await world.sees(org, `192.0.2.${n}`);
    }
    expect(world.weightOf("org1")).toBe(1);
    // Part of the case itself, it bears witness for nobody.
    expect(world.sum("org0", "org1", "org2")).toBeCloseTo(1.5);
  });
});
