import BetterSqlite3 from "better-sqlite3";
import { describe, expect, it, jest } from "@jest/globals";
import { STATED } from "../../../cloud/decide/harm.js";
import { harmTables } from "../../../cloud/telemetry/harms.projection.js";
import { released, state, statingHosts } from "../../support/cloud/harm.js";

jest.setTimeout(60_000);

const RANGE = "203.0.113.7";
const NOW = Date.UTC(2026, 0, 1);

describe("a host that states harm without end", () => {
  it("makes room for what others state", async () => {
    await using site = await statingHosts(["acme", "acme", "other"]);
    const { cloud, hosts } = site;
    await cloud.ban(RANGE);
    // Of four hosts, two have to say so.
    for (const n of [2, 3]) await cloud.enrol("acme", `quiet-${n}`);
    await state(hosts[0]!, released(RANGE));
    for (let turn = 0; turn < 20; turn++) {
      const ranges = Array.from({ length: 50 }, (_, n) => `10.9.${turn}.${n}`);
      await state(hosts[2]!, ...ranges.map(released));
    }
    await state(hosts[1]!, released(RANGE));
    await site.answered();
    const path = "/api/v1/orgs/acme/policy";
    expect(await cloud.request("GET", path)).toMatchObject({
      ...{ status: 200, body: { holds: [{ ranges: [RANGE] }] } },
    });
  });
});

describe("the harm that is looked at", () => {
  it("is of every host and every org, where one org states more than that", () => {
    using harms = new Harms();
    harms.tell("quiet", "quiet", 16);
    for (let n = 0; n < 70; n++) harms.tell("loud", `loud-${n}`, 16);
    const stated = harms.stated();
    expect(stated).toHaveLength(1_000);
    expect(new Set(stated.map(({ agent }) => agent)).size).toBe(71);
    expect(stated.filter(({ org }) => org === "quiet")).toHaveLength(16);
  });

  it("is the newest 16 of a host, and takes no other host's place", () => {
    using harms = new Harms();
    harms.tell("acme", "other", 1);
    harms.tell("acme", "host", 20);
    const of = (host: string) =>
      harms.stated().flatMap(({ agent, nth }) => (agent === host ? nth : []));
    const newest = Array.from({ length: 16 }, (_, n) => 19 - n);
    expect(of("host")).toEqual(newest);
    expect(of("other")).toEqual([0]);
  });
});

/** What devices stated, as the cloud keeps it. */
class Harms implements Disposable {
  readonly #database = new BetterSqlite3(":memory:");
  readonly #fold: ReturnType<typeof harmTables.fold>;
  #seq = 0;

  constructor() {
    this.#database.exec(harmTables.tables);
    this.#fold = harmTables.fold(this.#database);
  }

  /** That the host's operator released so many ranges. */
  tell(org: string, agent: string, count: number): void {
    const items = Array.from({ length: count }, (_, n) => {
      const signed = JSON.stringify(released(`10.9.0.${n}`));
      return { kind: "statement", signed, signature: "" } as const;
    });
    const whose = { agent, spool: agent };
    const told = { kind: "telemetry", ...whose, org, first: 1, items } as const;
    const record = { seq: ++this.#seq, number: 1, at: NOW };
    this.#fold({ ...whose, ...record, event: told });
  }

  /** What of it is looked at, in that order. */
  stated() {
    type Row = Record<"agent" | "org", string> & { readonly nth: number };
    return this.#database.prepare<unknown[], Row>(STATED).all(NOW - 1);
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}
