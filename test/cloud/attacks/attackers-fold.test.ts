import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import type { TelemetryItem } from "../../../agent/protocol/telemetry.js";
import {
  attackTables,
  MOST_HOSTS,
  MOST_OF_AN_ORG,
} from "../../../cloud/attacks/attackers.projection.js";
import { Attackers } from "../../../cloud/attacks/attackers.js";
import { openDatabase } from "../../../cloud/journal/database.js";
import { temporaryFolder } from "../../support/cloud/cloud.js";
import { NO_COUNTRIES } from "../../../cloud/places/countries.js";
import { detection } from "../telemetry/items.js";

/** What is folded, of messages that come one a second. */
function folded() {
  const tables = attackTables(NO_COUNTRIES);
  const folder = temporaryFolder();
  const database = openDatabase(join(folder.path, "view.db"), "rebuildable");
  database.exec(tables.tables);
  const fold = tables.fold(database);
  let seq = 0;
  const tell = (
    org: string,
    agent: string,
    items: readonly TelemetryItem[],
  ) => {
    seq += 1;
    const told = { kind: "telemetry", agent, org, spool: "s" } as const;
    const key = { agent, spool: "s", number: seq };
    database.transaction(() =>
      fold({
        seq,
        at: START + seq * 1_000,
        ...key,
        event: { ...told, first: 1, items },
      }),
    )();
  };
  return {
    ...{ attackers: new Attackers(database), tell, database },
    [Symbol.dispose]: () => {
      database.close();
      folder[Symbol.dispose]();
    },
  };
}

const START = 1_700_000_000_000;
const BY_FAILURES = { order: "failures", org: null } as const;

const addressOf = (i: number): string =>
  `198.${51 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`;

const detections = (from: number, count: number) =>
  Array.from({ length: count }, (_, i) => detection(addressOf(from + i)));

describe("what is kept of attackers", () => {
  it("is the newest of each org, and of all what is kept of the orgs", () => {
    using view = folded();
    const { attackers, tell, database } = view;
    tell("globex", "g1", [detection(addressOf(0)), detection(addressOf(1))]);
    tell("acme", "a1", [detection(addressOf(0)), detection("192.0.2.7")]);
    for (let i = 0; i < MOST_OF_AN_ORG; i += 500) {
      tell("acme", "a1", detections(100 + i, 500));
    }
    const counts = database
      .prepare("SELECT org, count(*) AS n FROM attackers GROUP BY org")
      .all();
    expect(counts).toEqual([
      { org: "", n: MOST_OF_AN_ORG + 2 },
      { org: "acme", n: MOST_OF_AN_ORG },
      { org: "globex", n: 2 },
    ]);
    // What acme saw first has gone; what globex saw stays, with its own sums.
    expect(attackers.orgsOf("192.0.2.7", 9)).toEqual([]);
    const [left] = attackers.within(rangeOf(addressOf(0)), null, 9);
    expect(left).toMatchObject({ failures: 5, hosts: 1, orgs: 1 });
    expect(attackers.hostsOf(addressOf(0), null, 9)).toEqual(["g1"]);
  });

  it("tells hosts of an org apart up to a bound, and names few sensors", () => {
    using view = folded();
    const { attackers, tell } = view;
    for (let i = 0; i < MOST_HOSTS + 5; i++) {
      const sensor = `sensor-${i}`;
      const item = detection("192.0.2.7", { sensor, count: 1 });
      tell("acme", `a${i}`, [item, item]);
    }
    const [found] = attackers.behind(BY_FAILURES, undefined, 9);
    expect(found).toMatchObject({
      ...{ failures: 2 * (MOST_HOSTS + 5), hosts: MOST_HOSTS, orgs: 1 },
    });
    expect(found?.sensors).toHaveLength(8);
  });

  it("stays a whole number, whatever hosts claim", () => {
    using view = folded();
    const { attackers, tell } = view;
    const count = Number.MAX_SAFE_INTEGER;
    for (const agent of ["a1", "a2"]) {
      const item = detection("192.0.2.7", { count, firstSeen: 0 });
      tell("acme", agent, [item, item]);
    }
    const [found] = attackers.behind(BY_FAILURES, undefined, 9);
    expect(found).toMatchObject({ failures: count, firstSeen: 0, hosts: 2 });
    expect(found?.lastSeen).toBeLessThanOrEqual(START + 2_000);
  });
});

const rangeOf = (address: string) => ({
  ...({ family: 4, prefix: 32 } as const),
  address: Uint8Array.from(address.split(".").map(Number)),
});
