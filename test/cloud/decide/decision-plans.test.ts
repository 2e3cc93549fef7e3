import { describe, expect, it } from "@jest/globals";
import { DecisionLog } from "../../../cloud/decide/decision-log.js";
import { UndoLog } from "../../../cloud/decide/undo-log.js";
import type { Database } from "../../../cloud/journal/database.js";
import { Stage } from "../two-persons/stage.js";

/** What is asked of the table of decisions while a question is answered. */
function watched(database: Database, asked: (text: string) => void): Database {
  const prepare = (text: string) => {
    const statement = database.prepare(text);
    return new Proxy(statement, {
      get: (target, key, receiver: unknown) => {
        const method: unknown = Reflect.get(target, key);
        if (typeof method !== "function") return method;
        return (...args: unknown[]) => {
          if (key === "all" || key === "get") asked(text);
          const came: unknown = Reflect.apply(method, target, args);
          return came === target ? receiver : came;
        };
      },
    });
  };
  return new Proxy(database, {
    get: (target, key) =>
      key === "prepare" ? prepare : (Reflect.get(target, key) as unknown),
  });
}

describe("the decisions of one feed", () => {
  it("are found without a look at those of others", async () => {
    await using stage = new Stage();
    await using cloud = await stage.open();
    const database = cloud.views.decided;
    const texts: string[] = [];
    const seen = watched(database, (text) => texts.push(text));
    const log = new DecisionLog(seen);
    const whose = { by: undefined, feed: "org/small", org: undefined } as const;
    log.decisions({ ...whose, limit: 10, before: undefined });
    log.decisions({ ...whose, limit: 10, before: 7 });
    log.count(whose);
    new UndoLog(seen).placedAfter("org/small", 0, 10);
    expect(texts).toHaveLength(4);
    const named = { feed: "org/small", before: 7, limit: 10 };
    const values = { ...named, by: null, own: null, everybodys: "[]" };
    for (const text of texts) {
      const plan = database.prepare(`EXPLAIN QUERY PLAN ${text}`);
      const rows = text.includes("@feed")
        ? plan.all(values)
        : plan.all("org/small", 0, 10);
      const details = rows.map((row) => (row as { detail: string }).detail);
      expect(details[0]).toMatch(/^SEARCH decisions USING .*\(feed=\?/);
      expect(details.join("\n")).not.toMatch(/SCAN decisions|TEMP B-TREE/);
    }
  });
});
