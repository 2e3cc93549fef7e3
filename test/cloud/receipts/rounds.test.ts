import { describe, expect, it } from "@jest/globals";
import { Rounds } from "../../../cloud/receipts/rounds.js";
import type { Agent } from "../../../cloud/registry/registry.js";

describe("who is asked after", () => {
  it("is looked up once, by when they came, as long as nothing changed", async () => {
    const fleet = new Fleet(3);
    const round = await fleet.rounds.of(null);
    expect(idsOf(round)).toEqual(["h-00002", "h-00001", "h-00000"]);
    fleet.now += 3_600_000;
    const next = await fleet.rounds.of(null);
    expect(next.lookups).toBe(round.lookups);
    expect(fleet.reads).toBe(1);
  });

  it("is looked up anew in a small fleet when something changed", async () => {
    const fleet = new Fleet(3);
    await fleet.rounds.of(null);
    fleet.let(1);
    expect(idsOf(await fleet.rounds.of(null))).toHaveLength(4);
  });

  it("is good for a while in a large fleet, whatever changes", async () => {
    const fleet = new Fleet(2_000);
    await fleet.rounds.of(null);
    fleet.let(1);
    fleet.now += 500;
    expect(idsOf(await fleet.rounds.of(null))).toHaveLength(2_000);
    fleet.now += 200;
    expect(idsOf(await fleet.rounds.of(null))).toHaveLength(2_001);
  });

  it("is looked up once for all who ask at the same time", async () => {
    const fleet = new Fleet(2_000);
    const rounds = await Promise.all([
      ...[fleet.rounds.of(null), fleet.rounds.of("even")],
    ]);
    expect(rounds.map((round) => idsOf(round).length)).toEqual([2_000, 1_000]);
    expect(fleet.reads).toBe(1);
  });

  it("is of an org its own hosts, and tells apart who was sent away", async () => {
    const fleet = new Fleet(4);
    const { ids, followersOf } = await fleet.rounds.of("even");
    expect([...ids].sort()).toEqual(["h-00000", "h-00002"]);
    const { listed, sentAway } = followersOf("reputation");
    expect(listed.map(({ id }) => id)).toEqual(["h-00002"]);
    expect(sentAway.map(({ id }) => id)).toEqual(["h-00000"]);
    expect(followersOf("urgent")).toEqual({ listed: [], sentAway: [] });
  });
});

const idsOf = (round: Awaited<ReturnType<Rounds["of"]>>): readonly string[] => {
  const { listed, sentAway } = round.followersOf("reputation");
  return [...listed, ...sentAway].map(({ id }) => id);
};

/** Of two orgs; who has the higher number came first, and the first was sent away. */
class Fleet {
  readonly #agents: Agent[] = [];
  now = 0;
  reads = 0;
  readonly rounds = new Rounds({
    clock: { monotonic: () => this.now },
    level: () => this.#agents.length,
    heardUpTo: () => 0,
    agentsAfter: (after, most) => {
      if (after === "") this.reads += 1;
      return this.#agents.filter(({ id }) => id > after).slice(0, most);
    },
    follows: (_, feed) => feed === "reputation",
    notEnforcing: () => new Map(),
    heldByPolicy: () => ({ of: () => ({}) }),
  });

  constructor(hosts: number) {
    this.let(hosts);
  }

  let(hosts: number): void {
    for (let each = 0; each < hosts; each++) {
      const nth = this.#agents.length;
      this.#agents.push({
        id: `h-${String(nth).padStart(5, "0")}`,
        org: nth % 2 === 0 ? "even" : "odd",
        enrolledAt: 1_000_000 - nth,
        revokedAt: nth === 0 ? 2_000_000 : null,
      } as Agent);
    }
  }
}
