import { describe, expect, it } from "@jest/globals";
import BetterSqlite3 from "better-sqlite3";
import { parseCidr } from "../../../agent/model/cidr.js";
import type { FeedName } from "../../../agent/model/position.js";
import { bansTables } from "../../../cloud/feeds/snapshots/bans.projection.js";
import { ListNames } from "../../../cloud/feeds/snapshots/list-names.js";
import { planOf, watched } from "../../support/cloud/asked.js";

const ADDRESS = "203.0.113.7";
const NOW = 1_000;

/** Lists of feeds, and the ranges that each has. */
class Lists implements Disposable {
  readonly #database = new BetterSqlite3(":memory:");
  readonly #texts: string[] = [];
  readonly #names: ListNames;

  constructor() {
    this.#database.exec(bansTables.tables);
    this.#names = new ListNames(
      watched(this.#database, (text) => this.#texts.push(text)),
    );
  }

  add(feed: FeedName, name: string, ranges: readonly string[], until = 2_000) {
    const list = this.#database
      .prepare("INSERT INTO lists (feed, name) VALUES (?, ?)")
      .run(feed, name).lastInsertRowid;
    const put = this.#database.prepare(
      "INSERT INTO listed VALUES (?, ?, ?, ?, ?, 1)",
    );
    for (const { family, prefix, address } of ranges.map(parseCidr)) {
      put.run(list, family, prefix, address, until);
    }
  }

  naming(range: string, feeds?: readonly FeedName[]) {
    return this.#names.naming(parseCidr(range), feeds, NOW);
  }

  plan(): readonly string[] {
    const asked = { around: "[]", family: 4, now: NOW, feeds: "[]" };
    return planOf(this.#database, this.#texts[0] ?? "", [asked]);
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}

describe("the lists that name a range", () => {
  it("are those that have it, or one around it, of the feeds that are asked for", () => {
    using lists = new Lists();
    lists.add("reputation", "drop", ["203.0.113.0/24", ADDRESS]);
    lists.add("org/a", "own", [ADDRESS, "2001:db8::/32"]);
    lists.add("reputation", "over", [ADDRESS], NOW);
    lists.add("reputation", "other", ["203.0.113.6"]);
    const drop = { feed: "reputation", list: "drop", until: 2_000 };
    const own = { feed: "org/a", list: "own", until: 2_000 };
    expect(lists.naming(ADDRESS)).toEqual({
      lists: [
        { ...drop, range: "203.0.113.0/24" },
        { ...drop, range: ADDRESS },
        { ...own, range: ADDRESS },
      ],
      total: 3,
    });
    expect(lists.naming(ADDRESS, ["org/a", "org/b"])).toEqual({
      ...{ lists: [{ ...own, range: ADDRESS }], total: 1 },
    });
    expect(lists.naming("2001:db8:1::7", undefined)).toEqual({
      ...{ lists: [{ ...own, range: "2001:db8::/32" }], total: 1 },
    });
    expect(lists.naming("192.0.2.1")).toEqual({ lists: [], total: 0 });
  });

  it("are not hidden by how many lists an org has", () => {
    using lists = new Lists();
    for (let i = 100; i < 170; i++) {
      lists.add("org/a", `elsewhere ${i}`, ["192.0.2.1"]);
      lists.add("org/a", `list ${i}`, [ADDRESS]);
    }
    lists.add("org/b", "own", [ADDRESS]);
    lists.add("reputation", "drop", [ADDRESS]);
    const all = lists.naming(ADDRESS);
    expect(all.total).toBe(72);
    const shown = all.lists.map(({ list }) => list);
    expect(shown).toHaveLength(18);
    expect([shown[0], shown[1], shown[16], shown[17]]).toEqual([
      ...["drop", "list 100", "list 115", "own"],
    ]);
    const { lists: seen, total } = lists.naming(ADDRESS, [
      ...(["urgent", "reputation", "org/b"] as const),
    ]);
    expect(seen.map(({ list }) => list)).toEqual(["drop", "own"]);
    expect(total).toBe(2);
  });

  it("are found from the range, not by a look at each list", () => {
    using lists = new Lists();
    lists.naming(ADDRESS);
    const plan = lists.plan().join("\n");
    expect(plan).toContain(
      "listed_by_range (family=? AND prefix=? AND address=?)",
    );
    expect(plan).not.toMatch(/SCAN (d|l|listed|lists)\b/);
  });
});
