import { describe, expect, it } from "@jest/globals";
import BetterSqlite3 from "better-sqlite3";
import { standingTables } from "../../../cloud/decide/standing.projection.js";
import { Weights } from "../../../cloud/decide/weights.js";
import { weightTables } from "../../../cloud/decide/weights.projection.js";
import type { Database } from "../../../cloud/journal/database.js";
import type { DecisionEvent } from "../../../cloud/journal/decision-events.js";
import { presenceTables } from "../../../cloud/registry/presence.projection.js";
import { registryTables } from "../../../cloud/registry/registry.projection.js";
import { DAY_MS, SETTINGS, open } from "./weighed.js";

describe("what orgs weigh", () => {
  it("is told of thousands that came in a day without counting them for each", () => {
    const decided = withTables(registryTables.tables, weightTables.tables);
    const observed = withTables(presenceTables.tables, standingTables.tables);
    const counts: unknown[] = [];
    spyOn(decided, /count.*\n.* arrivals/, "get", (count) => {
      counts.push(count);
    });
    const clock = { now: () => 20 * DAY_MS };
    const weights = new Weights({ decided, observed }, SETTINGS, clock);
    const orgs = Array.from({ length: 2_000 }, (_, n) => `org${n}`);
    const fold = weightTables.fold(decided);
    for (const org of orgs) fold({ seq: 1, at: DAY_MS, event: enrolled(org) });
    weights.of(orgs.slice(0, 256));
    expect(counts).toEqual(Array.from({ length: 256 }, () => 9));
    expect(weights.told("org7").batch).toBe(2_000);
  });
});

describe("who confirms an org", () => {
  it("is looked up once a minute, however many cases it is part of", async () => {
    await using world = await open(SETTINGS);
    const orgs = ["a", "b", "c", "d"];
    for (const org of orgs) await world.settle(org);
    for (let n = 1; n <= 3; n++) {
      for (const org of orgs) await world.sees(org, `192.0.2.${n}`);
    }
    let looks = 0;
    spyOn(world.views.observed, /FROM confirmations/, "iterate", () => {
      looks += 1;
    });
    const weights = new Weights(world.views, SETTINGS, world.clock);
    for (let second = 0; second < 60; second++) {
      expect(weights.of(["a"]).get("a")?.weight).toBe(1);
      expect(weights.of(orgs).get("a")?.weight).toBe(0.5);
      world.clock.jump(1_000);
    }
    expect(looks).toBe(4);
    expect(weights.of(["a", "c", "d"]).get("a")?.weight).toBe(1);
    await world.decide({ kind: "agent-revoked", agent: "b/1", by: "first" });
    world.clock.jump(1_000);
    // Who has no standing any more confirms nobody, from the next second on.
    expect(weights.of(["a", "c", "d"]).get("a")?.weight).toBe(0.5);
    expect(looks).toBe(7);
  });
});

describe("on whose word was decided", () => {
  it("is kept of the newest half a million, and looked through seldom", () => {
    const decided = withTables(weightTables.tables);
    decided.exec(
      `WITH RECURSIVE n(seq) AS (
         SELECT 1 UNION ALL SELECT seq + 1 FROM n WHERE seq < 500000)
       INSERT INTO causes SELECT seq, 'dec-' || seq, '["a"]', NULL FROM n`,
    );
    let looks = 0;
    spyOn(decided, /DELETE FROM causes/, "run", () => {
      looks += 1;
    });
    const fold = weightTables.fold(decided);
    for (let seq = 500_001; seq <= 501_500; seq++) {
      fold({ seq, at: seq, event: decision(`dec-${seq}`) });
    }
    expect(looks).toBe(2);
    const kept = "SELECT count(*) FROM causes";
    const count = decided.prepare<unknown[], number>(kept).pluck().get();
    expect(count).toBeGreaterThanOrEqual(500_000);
    expect(count).toBeLessThanOrEqual(501_000);
  });
});

function withTables(...tables: readonly string[]): Database {
  const database = new BetterSqlite3(":memory:");
  for (const each of tables) database.exec(each);
  return database;
}

/** Hears what statements that are prepared from now on answer. */
function spyOn(
  database: Database,
  sql: RegExp,
  how: "get" | "run" | "iterate",
  hear: (answer: unknown) => void,
): void {
  const prepare = database.prepare.bind(database);
  database.prepare = ((text: string) => {
    const statement = prepare(text);
    if (!sql.test(text)) return statement;
    const act = statement[how].bind(statement);
    const heard = (...bound: unknown[]): unknown => {
      const answer = act(...bound);
      hear(answer);
      return answer;
    };
    return Object.assign(statement, { [how]: heard });
  }) as typeof database.prepare;
}

const enrolled = (org: string): DecisionEvent => ({
  ...{ kind: "agent-enrolled", agent: `${org}/1`, org, tokenHash: org },
  ...{ publicKey: "", hostname: org, system: "Linux", version: "0.1.0" },
});

const decision = (id: string): DecisionEvent => ({
  ...{ kind: "decided", decision: id, action: "ban", feed: "urgent" },
  ...{ ranges: 1, by: "rule:several-orgs", reason: "", orgs: ["a"] },
});
