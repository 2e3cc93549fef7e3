import BetterSqlite3 from "better-sqlite3";
import { describe, expect, it } from "@jest/globals";
import type { Receipt } from "../../../agent/protocol/documents.js";
import type { DecisionEntry } from "../../../cloud/decide/decision-log.js";
import { GivenUp } from "../../../cloud/rate/turns.js";
import { Outcomes } from "../../../cloud/receipts/outcomes.js";
import { receiptTables } from "../../../cloud/receipts/receipts.projection.js";
import type { Agent } from "../../../cloud/registry/registry.js";
import { statementTables } from "../../../cloud/telemetry/statements.projection.js";
import { watched } from "../../support/cloud/asked.js";

const DECIDED = Date.UTC(2026, 0, 1);
const HOSTS = 1_200;

/** An import of three segments, in a fleet that is more than a page of receipts. */
const decision = {
  ...{ decision: "dec-1", feed: "reputation", epoch: "e", first: 11, last: 13 },
  ...{ action: "import", ranges: 3, targets: [], observed: false },
  ...{ decidedAt: DECIDED, until: null, seen: 0 },
} as unknown as DecisionEntry;

describe("what became of an import on a fleet", () => {
  it("is read page by page, of each host its own, the newest word of a place", async () => {
    using fleet = new Fleet();
    for (let i = 0; i < HOSTS; i++) fleet.answer(i, 11, {}, 5);
    for (let i = 0; i < HOSTS; i++) {
      const held = [{ range: `198.18.${i >> 8}.${i & 255}`, rule: "cdn-edge" }];
      fleet.answer(i, 12, i % 2 === 0 ? { held, heldTotal: 1 } : {}, 6);
    }
    for (let i = 0; i < HOSTS - 3; i++) {
      fleet.answer(i, 13, i % 3 === 0 ? { mode: "observe" } : {}, 7);
      if (i % 3 === 0) fleet.answer(i, 13, {}, 99);
    }
    // It says nothing of the end of the import itself, only of what came later.
    fleet.answer(HOSTS - 2, 20, {}, 50);

    const hosts = await fleet.told();
    const states = hosts.map(({ state }) => state);
    expect(states.slice(0, 4)).toEqual([
      ...["held-in-part", "in-force", "held-in-part", "in-force"],
    ]);
    expect(hosts[0]).toMatchObject({ provedAt: DECIDED + 7, sure: "proven" });
    expect(states.slice(-3)).toEqual(["waiting", "held-in-part", "waiting"]);
    expect(hosts[HOSTS - 2]).toMatchObject({
      ...{ sure: "inferred", provedAt: DECIDED + 50, missing: null },
    });
    expect(hosts[HOSTS - 1]).toMatchObject({
      ...{ missing: "silent", missingSince: DECIDED },
    });
  });

  it("is what a host stated since, though it said the same receipt again", async () => {
    using fleet = new Fleet();
    const range = "203.0.113.7";
    const single = { ...decision, first: 13, ranges: 1, targets: [range] };
    const told = async () => {
      const round = await fleet.outcomes.round(null);
      const [first] = await fleet.outcomes.of(single, round);
      return first?.state;
    };
    fleet.state(0, "released", { range, until: DECIDED + 9_000 });
    fleet.answer(0, 13, {}, 5); // a receipt may be taken down later than news
    expect(await told()).toBe("released");
    fleet.answer(0, 13, { ext: { policy: 1 } } as Partial<Receipt>, 6);
    expect(await told()).toBe("released");
    fleet.state(0, "release-ended", { range });
    expect(await told()).toBe("in-force");
    fleet.state(0, "rolled-back", { revision: 12, withheld: 1 });
    fleet.answer(0, 13, { ext: { policy: 2 } } as Partial<Receipt>, 7);
    expect(await told()).toBe("rolled-back");
    fleet.answer(0, 13, { revision: 14 }, 8);
    expect(await told()).toBe("in-force");
  });

  it("is missed of a host since it came into the group that has the feed", async () => {
    using fleet = new Fleet();
    const single = { ...decision, feed: "org/acme/web" as const };
    fleet.regrouped.set(idOf(0), DECIDED + 500);
    const round = await fleet.outcomes.round(null);
    const [first, second] = await fleet.outcomes.of(single, round);
    expect(first).toMatchObject({
      ...{ late: true, missing: "silent", missingSince: DECIDED + 500 },
    });
    expect(second).toMatchObject({ late: false, missingSince: DECIDED });
  });

  it("names hosts that lack what came before it as behind, since they last said something", async () => {
    using fleet = new Fleet();
    fleet.answer(0, 4, {}, -5_000);
    fleet.answer(1, 10, {}, -4_000);
    const [first, second] = await fleet.told();
    expect(first).toMatchObject({
      ...{ missing: "behind", missingSince: DECIDED - 5_000 },
    });
    expect(second).toMatchObject({ missing: "silent" });
  });
});

describe("what is asked to tell what became of decisions", () => {
  it("is how trials ended of those hosts alone whose receipts tell of one", async () => {
    using fleet = new Fleet();
    for (let i = 0; i < 10; i++) fleet.answer(i, 13, {}, 5);
    await fleet.told();
    expect(fleet.ends).toEqual([]);
    const trial = { until: DECIDED + 9_000, bans: 1 };
    fleet.answer(3, 11, { trial, revision: 41 }, 1);
    fleet.answer(3, 12, { trial, revision: 42 }, 1);
    const hosts = await fleet.told();
    expect(hosts[3]?.state).toBe("on-trial");
    expect(fleet.ends).toEqual([
      { agent: idOf(3), after: 0 },
      { agent: idOf(3), feed: "reputation", revisions: [41, 42], after: 0 },
    ]);
  });

  it("is once each host's newest refusal, for hosts without an answer alone", async () => {
    using fleet = new Fleet();
    for (let i = 0; i < HOSTS - 5; i++) fleet.answer(i, 13, {}, 5);
    for (let i = 0; i < HOSTS; i++) fleet.refuse(i, `of ${i}`);
    const round = await fleet.outcomes.round(null);
    for (const seen of [0, 0, HOSTS - 2, HOSTS - 1]) {
      await fleet.outcomes.of({ ...decision, seen }, round);
    }
    expect(fleet.asked("FROM refusals\n")).toBe(5);
    const hosts = await fleet.outcomes.of(
      { ...decision, seen: fleet.seq - 1 },
      round,
    );
    expect(hosts.at(-1)).toMatchObject({
      ...{ state: "refused", detail: `bad-signature: of ${HOSTS - 1}` },
    });
    expect(hosts.at(-2)).toMatchObject({ state: "waiting" });
  });
});

describe("hosts of a large fleet, which are not looked up anew", () => {
  it("are told by what they said since they were", async () => {
    using fleet = new Fleet();
    fleet.stepMs = 0;
    const single = {
      ...decision,
      first: 13,
      ranges: 1,
      targets: ["203.0.113.7"],
    };
    const told = async () =>
      fleet.outcomes.of(single, await fleet.outcomes.round(null));
    fleet.answer(0, 13, { mode: "observe" }, 5);
    const before = await told();
    expect(before.map(({ state }) => state).slice(0, 4)).toEqual([
      ...["observed", "waiting", "waiting", "waiting"],
    ]);
    // Beyond the decision, in one receipt for it and another.
    fleet.answer(1, 20, {}, 6);
    fleet.refuse(2, "not ours");
    fleet.answer(0, 20, { mode: "enforce" }, 7);
    fleet.answer(3, 13, { mode: "observe" }, 8);
    const after = await told();
    expect(after.slice(0, 4)).toMatchObject([
      ...[{ state: "in-force" }, { state: "passed" }],
      ...[{ state: "refused" }, { state: "observed" }],
    ]);
    const range = "203.0.113.7";
    fleet.state(0, "released", { range, until: DECIDED + 9_000 });
    expect((await told())[0]?.state).toBe("released");
    expect(fleet.reads).toBe(1);
  });
});

describe("a host that refused", () => {
  it("is told as such, however much others refuse", async () => {
    using fleet = new Fleet();
    fleet.refuse(0, "once");
    for (let n = 0; n < 10_001; n++) fleet.refuse(1, `${n}`);
    const [first, second, third] = await fleet.told();
    expect(first).toMatchObject({
      ...{ state: "refused", detail: "bad-signature: once" },
    });
    expect(second).toMatchObject({ detail: "bad-signature: 10000" });
    expect(third).toMatchObject({ state: "waiting", missing: "silent" });
  });

  it("is looked up no further once nobody waits for it", async () => {
    using fleet = new Fleet();
    const gone = new AbortController();
    const round = await fleet.outcomes.round(null, gone.signal);
    const told = fleet.outcomes.of(decision, round);
    gone.abort();
    await expect(told).rejects.toThrow(GivenUp);
  });
});

/** Hosts of one org, all connected, and what they answered. */
class Fleet implements Disposable {
  readonly #database = new BetterSqlite3(":memory:");
  readonly #texts: string[] = [];
  readonly outcomes: Outcomes;
  /** What was asked of how trials ended, and of what hosts took back. */
  readonly ends: object[] = [];
  /** When hosts came into their groups, where that was later. */
  readonly regrouped = new Map<string, number>();
  readonly clock = {
    now: () => DECIDED + 1_000,
    monotonic: () => (this.#time += this.stepMs),
  };
  seq = 0;
  /** How often all hosts were looked up. */
  reads = 0;
  /** Whenever it is looked at, the clock has gone on by so much. */
  stepMs = 10;
  #time = 0;

  constructor() {
    this.#database.exec(receiptTables.tables);
    this.#database.exec(statementTables.tables);
    const agents = Array.from({ length: HOSTS }, (_, i) => agent(i));
    const seen = watched(this.#database, (text) => this.#texts.push(text));
    this.outcomes = new Outcomes(seen, {
      agentsAfter: (after, most) => {
        if (after === "") this.reads += 1;
        return agents.filter(({ id }) => id > after).slice(0, most);
      },
      ...{ isConnected: () => true, level: () => this.seq },
      heardAt: () => undefined,
      takenBack: (id, after) => {
        this.ends.push({ agent: id, after });
        return [];
      },
      trialEnds: (tried) => {
        this.ends.push(tried);
        return [];
      },
      follows: () => true,
      regroupedAt: (id) => this.regrouped.get(id) ?? 0,
      ...{ notEnforcing: () => new Map() },
      ...{ ringsOf: () => undefined, clock: this.clock },
      heldByPolicy: () => ({ of: () => ({}) }),
    });
  }

  async told() {
    return this.outcomes.of(decision, await this.outcomes.round(null));
  }

  /** How often that was asked of the database. */
  asked(part: string): number {
    return this.#texts.filter((text) => text.includes(part)).length;
  }

  refuse(i: number, detail: string): void {
    const row = [++this.seq, DECIDED, idOf(i), "reputation"];
    this.#database
      .prepare("INSERT INTO refusals VALUES (?, ?, ?, ?, ?, ?)")
      .run(...row, "bad-signature", detail);
  }

  state(i: number, what: string, more: object): void {
    const time = DECIDED;
    const text = JSON.stringify({ mode: "enforce", time, what, ...more });
    const row = [idOf(i), ++this.seq, 0, time, "acme", time, what];
    this.#database
      .prepare(`INSERT INTO statements VALUES (${"?, ".repeat(10)}?)`)
      .run(...row, null, null, text, "");
  }

  answer(i: number, offset: number, more: Partial<Receipt>, after: number) {
    const receipt = {
      ...{ agent: idOf(i), mode: "enforce", revision: offset, enforcedMs: 1 },
      ...{ held: [], heldTotal: 0, receivedAt: DECIDED },
      position: { feed: "reputation", epoch: "e", offset, hash: "" },
      ...more,
    };
    const row = [++this.seq, DECIDED + after, idOf(i), "reputation", "e"];
    this.#database
      .prepare("INSERT INTO receipts VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
      .run(...row, offset, receipt.mode, JSON.stringify(receipt));
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}

const idOf = (i: number): string => `agt-${String(i).padStart(4, "0")}`;

const agent = (i: number): Agent => ({
  ...{ id: idOf(i), org: "acme", publicKey: "", hostname: `web${i}` },
  ...({ system: "Linux", version: "0.6.0", protocol: 2 } as const),
  ...{
    enrolledAt: DECIDED - 9_999,
    lastSeen: null,
    leftAt: null,
    revokedAt: null,
  },
  ...{ revokedWhy: null, tags: [] },
});
