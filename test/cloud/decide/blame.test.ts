import { describe, expect, it } from "@jest/globals";
import type {
  DecisionEvent,
  Proposed,
  ProposalSettled,
} from "../../../cloud/journal/decision-events.js";
import { DAY_MS, SETTINGS, decided, open, undone, vouched } from "./weighed.js";

describe("what was found wrong", () => {
  it("lowers the weight of who caused it, which comes back in 90 days", async () => {
    await using world = await open({ ...SETTINGS, standingConfirmed: 0 });
    for (const org of ["a", "b", "c", "d"]) await world.settle(org);
    await world.decide(proposed("prp-1", ["a", "b", "c"]));
    await world.decide(foundWrong("prp-1"));
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
    world.clock.jump(1);
    await world.decide(undone("dec-1", true), answered("dec-1"));
    expect(world.told("a").blames).toMatchObject([
      { id: "dec-1", why: "undone", share: 1 },
    ]);
    expect(world.weightOf("a")).toBeCloseTo(0.5);
    await world.decide(decided("dec-2", ["a"]), undone("dec-2", true));
    expect(world.weightOf("a")).toBeCloseTo(0.25);
    expect(world.weightOf("b")).toBeCloseTo(0.5);
  });

  it("lowers it no more once the undo that found it is undone, but for other reasons", async () => {
    await using world = await open({ ...SETTINGS, standingConfirmed: 0 });
    for (const org of ["a", "b"]) await world.settle(org);
    await world.decide(decided("dec-1", ["a"]), undone("dec-1", true, "dec-2"));
    await world.decide(decided("dec-3", ["b"]), answered("dec-3"));
    await world.decide(undone("dec-3", true, "dec-4"));
    expect(world.weightOf("a")).toBeCloseTo(0.5);
    await world.decide(undone("dec-2", false, "dec-5"));
    await world.decide(undone("dec-4", true, "dec-6"));
    expect(world.told("a").blames).toEqual([]);
    expect(world.weightOf("a")).toBe(1);
    expect(world.weightOf("b")).toBeCloseTo(0.5);
    await world.decide(undone("dec-1", true, "dec-7"));
    expect(world.weightOf("a")).toBeCloseTo(0.5);
  });

  it("keeps what a contest found once an undo that found more is undone", async () => {
    await using world = await open({ ...SETTINGS, standingConfirmed: 0 });
    await world.decide(decided("dec-1", ["a"]), answered("dec-1", "shortened"));
    await world.decide(undone("dec-1", true, "dec-2"));
    expect(world.told("a").blames).toMatchObject([
      { id: "dec-1", why: "undone", share: 1 },
    ]);
    await world.decide(undone("dec-2", false, "dec-3"));
    expect(world.told("a").blames).toMatchObject([
      { id: "dec-1", why: "shortened", share: 0.5 },
    ]);
  });

  it("keeps what a contest found after an undo that is undone", async () => {
    await using world = await open({ ...SETTINGS, standingConfirmed: 0 });
    await world.decide(decided("dec-1", ["a"]), undone("dec-1", true, "dec-2"));
    world.clock.jump(1);
    await world.decide(answered("dec-1"));
    expect(world.told("a").blames).toMatchObject([
      { id: "dec-1", why: "undone", share: 1 },
    ]);
    await world.decide(undone("dec-2", false, "dec-3"));
    expect(world.told("a").blames).toMatchObject([
      { id: "dec-1", why: "released", share: 1 },
    ]);
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

  it("goes by what each weighed: puppets take next to nothing of it", async () => {
    await using world = await open({ ...SETTINGS, standingConfirmed: 0 });
    const puppets = Array.from({ length: 97 }, (_, n) => `puppet${n}`);
    const orgs = ["a", "b", "c", ...puppets];
    const weights = orgs.map((org) => (org.startsWith("p") ? 0.001 : 1));
    await world.decide(decided("dec-1", orgs, weights), undone("dec-1", true));
    const [blame] = world.told("a").blames;
    expect(blame?.share).toBeCloseTo(3 / 3.097);
    expect(world.told("puppet1").blames).toMatchObject([{ share: 0.001 }]);
  });

  it("costs three halves in full, where a rule needs no more", async () => {
    await using world = await open({ ...SETTINGS, standingConfirmed: 0 });
    const halves = decided("dec-1", ["a", "b", "c"], [0.5, 0.5, 0.5]);
    await world.decide(halves, undone("dec-1", true));
    expect(world.told("a").blames).toMatchObject([{ share: 1 }]);
  });

  it("lowers it also for whom somebody vouches", async () => {
    await using world = await open(SETTINGS);
    await world.decide(vouched("a", world.clock.now() + 30 * DAY_MS));
    await world.decide(proposed("prp-1", ["a", "b", "c"]));
    await world.decide(foundWrong("prp-1"));
    expect(world.weightOf("a")).toBeCloseTo(0.5 ** 0.25);
  });

  it("costs each of many little", async () => {
    await using world = await open({ ...SETTINGS, standingConfirmed: 0 });
    const many = Array.from({ length: 30 }, (_, n) => `org${n}`);
    await world.decide(proposed("prp-1", many));
    await world.decide(foundWrong("prp-1"));
    expect(world.told("org1").blames).toMatchObject([{ share: 0.025 }]);
  });

  it("is not what is true, and only not to be banned: that costs nobody anything", async () => {
    await using world = await open({ ...SETTINGS, standingConfirmed: 0 });
    await world.settle("a");
    const who = { agent: "v/1", org: "v" };
    for (const [n, veto] of [
      { why: "never-list" } as const,
      { why: "tier", tier: "cdn-edge" } as const,
      { why: "agent", ...who } as const,
      { why: "held", ...who, rule: "live-session" } as const,
    ].entries()) {
      const proposal = `prp-${n}`;
      await world.decide({ ...proposed(proposal, ["a", "b", "c"]), veto });
      await world.decide(refused(proposal));
    }
    expect(world.told("a")).toMatchObject({ weight: 1, blames: [] });
  });

  it("costs no more of one kind than four of it do", async () => {
    await using world = await open({ ...SETTINGS, standingConfirmed: 0 });
    await world.settle("a");
    for (let n = 1; n <= 20; n++) {
      await world.decide(proposed(`prp-${n}`, ["a", "b", "c"]));
      await world.decide(foundWrong(`prp-${n}`));
    }
    expect(world.told("a").blames).toHaveLength(20);
    expect(world.weightOf("a")).toBeCloseTo(0.5);
    await world.decide(decided("dec-1", ["a"]), undone("dec-1", true));
    expect(world.weightOf("a")).toBeCloseTo(0.25);
  });
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

const foundWrong = (proposal: string): ProposalSettled => ({
  ...{ ...refused(proposal), wrong: true },
});

const answered = (
  decision: string,
  verdict: "released" | "shortened" = "released",
): DecisionEvent => ({
  ...{ kind: "contest-answered", contest: "con-1", verdict },
  ...{ operator: "opr-1", by: "ada", bySelf: false, answer: "sorry" },
  about: [decision],
});
