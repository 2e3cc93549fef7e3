import { randomUUID } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import { standingTables } from "../../../cloud/decide/standing.projection.js";
import { Weights } from "../../../cloud/decide/weights.js";
import { weightTables } from "../../../cloud/decide/weights.projection.js";
import type {
  DecisionEvent,
  Proposed,
  ProposalSettled,
} from "../../../cloud/journal/decision-events.js";
import type { TelemetryTaken } from "../../../cloud/journal/observation-events.js";
import { temporaryFolder } from "../../support/cloud/cloud.js";
import { openLogs } from "../../support/cloud/logs.js";
import { ManualClock } from "../../support/time/clock.js";
import { detection } from "../telemetry/items.js";

const DAY_MS = 24 * 60 * 60 * 1000;
const SETTINGS = {
  ...{ orgs: 3, standingDays: 14, standingHosts: 2, standingConfirmed: 3 },
};

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
  it("weigh together what one of them does, after weeks as well", async () => {
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

describe("what was found wrong", () => {
  it("lowers the weight of who caused it, which comes back in 90 days", async () => {
    await using world = await open({ ...SETTINGS, standingConfirmed: 0 });
    for (const org of ["a", "b", "c", "d"]) await world.settle(org);
    await world.decide(proposed("prp-1", ["a", "b", "c"]));
    await world.decide(refused("prp-1"));
    const low = world.weightOf("a") ?? 0;
    expect(low).toBeCloseTo(0.5 ** 0.25);
    expect(world.weightOf("d")).toBe(1);
    expect(world.told("a").blames).toMatchObject([
      { id: "prp-1", why: "refused", share: 0.25 },
    ]);
    world.clock.jump(45 * DAY_MS);
    await world.seen("a/1");
    expect(world.weightOf("a")).toBeGreaterThan(low);
    expect(world.weightOf("a")).toBeLessThan(1);
    world.clock.jump(45 * DAY_MS);
    expect(world.weightOf("a")).toBe(1);
    expect(world.told("a").blames).toEqual([]);
  });

  it("halves it where a decision was undone as wrong, and once for each", async () => {
    await using world = await open({ ...SETTINGS, standingConfirmed: 0 });
    for (const org of ["a", "b"]) await world.settle(org);
    await world.decide(decided("dec-1", ["a", "b"]));
    await world.decide(undone("dec-1", false));
    expect(world.weightOf("a")).toBe(1);
    await world.decide(undone("dec-1", true));
    await world.decide(undone("dec-1", true), answered("dec-1"));
    expect(world.told("a").blames).toMatchObject([
      { id: "dec-1", why: "undone", share: 1 },
    ]);
    expect(world.weightOf("a")).toBeCloseTo(0.5);
    await world.decide(decided("dec-2", ["a"]), undone("dec-2", true));
    expect(world.weightOf("a")).toBeCloseTo(0.25);
    expect(world.weightOf("b")).toBeCloseTo(0.5);
  });

  it("counts what a person released of a proposal as its witnesses'", async () => {
    await using world = await open({ ...SETTINGS, standingConfirmed: 0 });
    await world.settle("a");
    const released = { verdict: "released", decision: "dec-1" } as const;
    await world.decide(proposed("prp-1", ["a"]), {
      ...{ ...refused("prp-1"), ...released },
    });
    await world.decide(answered("dec-1"));
    expect(world.told("a").blames).toMatchObject([
      { id: "dec-1", why: "released", share: 1 },
    ]);
  });

  it("lowers it also for whom somebody vouches", async () => {
    await using world = await open(SETTINGS);
    await world.decide(vouched("a", world.clock.now() + 30 * DAY_MS));
    await world.decide(proposed("prp-1", ["a", "b", "c"]));
    await world.decide(refused("prp-1"));
    expect(world.weightOf("a")).toBeCloseTo(0.5 ** 0.25);
  });

  it("costs each of many little, and nothing where many live at the address", async () => {
    await using world = await open({ ...SETTINGS, standingConfirmed: 0 });
    const many = Array.from({ length: 30 }, (_, n) => `org${n}`);
    await world.decide(proposed("prp-1", many));
    await world.decide(refused("prp-1"));
    expect(world.told("org1").blames).toMatchObject([{ share: 0.025 }]);
    const veto = { why: "tier", tier: "cdn-edge" } as const;
    await world.decide({ ...proposed("prp-2", ["a", "b", "c"]), veto });
    await world.decide(refused("prp-2"));
    expect(world.told("a").blames).toEqual([]);
  });
});

const vouched = (org: string, expiresAt: number): DecisionEvent => ({
  ...{ kind: "org-vouched", org, by: "ada", why: "we know them", expiresAt },
});

const proposed = (proposal: string, orgs: readonly string[]): Proposed => ({
  ...{ kind: "proposed", proposal, attacker: "192.0.2.1/32", orgs },
  ...{ expiresAt: 0, rule: "rule:several-orgs", reason: "", evidence: [] },
  veto: { why: "never-list" },
});

const refused = (proposal: string): ProposalSettled => ({
  ...{ kind: "proposal-settled", proposal, verdict: "refused" },
  ...{ by: "ada", reason: "no" },
});

const decided = (decision: string, orgs: readonly string[]): DecisionEvent => ({
  ...{ kind: "decided", decision, action: "ban", feed: "urgent", ranges: 1 },
  ...{ by: "rule:several-orgs", reason: "", evidence: [1], orgs },
});

const undone = (undoes: string, wrong: boolean): DecisionEvent => ({
  ...{ kind: "undone", undoes, feed: "urgent", wrong, by: "ada" },
  ...{ reason: "", counts: {} },
});

const answered = (decision: string): DecisionEvent => ({
  ...{ kind: "contest-answered", contest: "con-1", verdict: "released" },
  ...{ operator: "opr-1", by: "ada", bySelf: false, answer: "sorry" },
  about: [decision],
});

function sight(
  org: string,
  source: string,
  action: "banned" | "held" = "banned",
): TelemetryTaken {
  const rule = action === "held" ? { rule: "this-host" } : {};
  const items = [detection(source, { action, ...rule })];
  const from = { agent: `${org}/1`, org, spool: randomUUID(), first: 1 };
  return { kind: "telemetry", ...from, items };
}

async function open(settings: typeof SETTINGS) {
  const folder = temporaryFolder();
  const clock = new ManualClock();
  const ofObservations = [standingTables];
  const ofDecisions = [weightTables];
  const folds = { clock, ofObservations, ofDecisions };
  const logs = await openLogs(folder.path, folds);
  const weights = new Weights(logs.views, settings, clock);
  /** A second later: so long it knows what it looked up. */
  const weigh = (orgs: readonly string[]) => {
    clock.jump(1_000);
    return weights.of(orgs);
  };
  const hosts = new Map<string, number>();
  const seen = (agent: string) =>
    logs.observe({ kind: "agent-seen", agent, version: "0.1.0" });
  const enrol = async (org: string, count: number) => {
    const before = hosts.get(org) ?? 0;
    hosts.set(org, before + count);
    const enrolled = Array.from({ length: count }, (_, n): DecisionEvent => {
      const agent = `${org}/${before + n + 1}`;
      const host = { hostname: agent, system: "Linux", version: "0.1.0" };
      const secrets = { tokenHash: agent, publicKey: "" };
      return { kind: "agent-enrolled", agent, org, ...secrets, ...host };
    });
    await logs.decide(...enrolled);
  };
  return {
    ...{ clock, seen, enrol, decide: logs.decide, observe: logs.observe },
    settle: async (org: string) => {
      clock.jump(-20 * DAY_MS);
      await enrol(org, 2);
      clock.jump(20 * DAY_MS);
      for (const n of [1, 2]) await seen(`${org}/${n}`);
    },
    sees: (org: string, source: string) => logs.observe(sight(org, source)),
    told: (org: string) => weights.told(org),
    weightOf: (org: string) => weigh([org]).get(org),
    sum: (...orgs: readonly string[]) =>
      [...weigh(orgs).values()].reduce((sum, each) => sum + each, 0),
    among: (...orgs: readonly string[]) =>
      [...weigh(orgs)]
        .flatMap(([org, weight]) => (weight === 1 ? [org] : []))
        .sort(),
    [Symbol.asyncDispose]: async () => {
      await logs[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}
