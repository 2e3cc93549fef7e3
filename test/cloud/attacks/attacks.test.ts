import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import type { InferOutput } from "valibot";
import { parseListedCidr } from "../../../agent/model/cidr.js";
import { systemClock } from "../../../agent/runtime/clock.js";
import type { attackSums } from "../../../cloud/api/routes/attacks.js";
import { TestAgent } from "../../support/agent/test-agent.js";
import {
  startTestCloud,
  temporaryFolder,
  type TestCloud,
} from "../../support/cloud/cloud.js";
import { mmdbOf } from "../../support/cloud/mmdb.js";
import { askAsOperator, letIn } from "../../support/cloud/people.js";
import { detection, hits } from "../telemetry/items.js";

type Sums = {
  readonly [Name in keyof typeof attackSums]: InferOutput<
    (typeof attackSums)[Name]
  >;
};

interface Shares {
  readonly top: readonly {
    readonly name: string | null;
    readonly total: number;
    readonly counts: readonly number[];
  }[];
  readonly rest: readonly number[];
}

interface Attacks {
  readonly from: string;
  readonly to: string;
  readonly keptSince: string | null;
  readonly totals: Sums;
  readonly buckets: readonly (Sums & { readonly at: string })[];
  readonly byCountry: Shares;
  readonly byOrg: Shares;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** In the middle of a minute, an hour and a day. */
const NOW = Date.parse("2026-11-28T14:30:30Z");
const clock = { ...systemClock, now: () => NOW };

const seen = (ago: number) => ({ time: NOW - ago, lastSeen: NOW - ago });

const attacks = async (
  cloud: TestCloud,
  query = "",
  token = cloud.operator,
): Promise<Attacks> => {
  const asked = ["GET", `/attacks${query}`] as const;
  const { status, body } = await askAsOperator<Attacks>(cloud, token, asked);
  expect([query, status]).toEqual([query, 200]);
  return body;
};

/** The buckets that have something, by how many spans ago they began. */
const told = ({ buckets }: Attacks, measure: keyof Sums) =>
  buckets.flatMap((bucket, i) =>
    bucket[measure] === 0 ? [] : [[buckets.length - 1 - i, bucket[measure]]],
  );

describe("attacks over time", () => {
  it("are counted by when they were, on whom, and from where", async () => {
    using folder = temporaryFolder();
    const countries = join(folder.path, "countries.mmdb");
    const of = (code: string) => ({ country: { iso_code: code } });
    const ranges = [
      ["192.0.2.0/24", of("NL")],
      ["198.51.100.0/24", of("DE")],
    ] as const;
    writeFileSync(
      countries,
      mmdbOf(ranges.map(([range, said]) => [parseListedCidr(range), said])),
    );
    await using cloud = await startTestCloud({ clock, countries });
    const acme = await cloud.enrol("acme");
    using one = await TestAgent.connect(cloud, acme);
    using two = await TestAgent.connect(cloud, await cloud.enrol("globex"));
    await one.report(
      detection("192.0.2.1", { ...seen(0), count: 7 }),
      detection("192.0.2.1", { ...seen(3 * MINUTE_MS), count: 5 }),
      detection("198.51.100.1", { ...seen(3 * MINUTE_MS), count: 1 }),
      detection("203.0.113.1", { ...seen(90 * MINUTE_MS), count: 20 }),
      // Nothing is from later than it came.
      detection("203.0.113.2", { ...seen(-DAY_MS), count: 2 }),
      detection("203.0.113.2", { ...seen(500 * DAY_MS), count: 9 }),
    );
    await two.report(detection("192.0.2.1", { ...seen(0), count: 100 }), {
      ...hits("192.0.2.1"),
      from: NOW - MINUTE_MS,
      to: NOW - MINUTE_MS,
    });

    const minutes = await attacks(cloud);
    expect(minutes).toMatchObject({
      ...{ from: "2026-11-28T13:31:00.000Z", to: "2026-11-28T14:31:00.000Z" },
      keptSince: "2026-11-28T14:30:30.000Z",
      totals: { detections: 5, failures: 115, packets: 20, dropped: 20 },
    });
    expect(minutes.buckets).toHaveLength(60);
    expect(minutes.buckets[59]?.at).toBe("2026-11-28T14:30:00.000Z");
    expect(told(minutes, "failures")).toEqual([
      [3, 6],
      [0, 109],
    ]);
    expect(told(minutes, "packets")).toEqual([[1, 20]]);
    const { byCountry, byOrg } = minutes;
    expect(byCountry.top.map(({ name, total }) => [name, total])).toEqual([
      ...[
        ["NL", 112],
        [null, 2],
      ],
      ["DE", 1],
    ]);
    expect(byCountry.top[0]?.counts[56]).toBe(5);
    expect(byOrg.top.map(({ name, total }) => [name, total])).toEqual([
      ["globex", 100],
      ["acme", 15],
    ]);
    await inFewerWords(cloud);
    await ofOneOrg(cloud);
  });

  it("are not known of before the first was told", async () => {
    await using cloud = await startTestCloud();
    expect(await attacks(cloud, "?per=day")).toMatchObject({
      ...{ keptSince: null, totals: { failures: 0 }, byOrg: { top: [] } },
    });
  });
});

/** By longer spans, and with more of what is told together. */
async function inFewerWords(cloud: TestCloud): Promise<void> {
  const hours = await attacks(cloud, "?per=hour&top=1");
  expect(hours.buckets).toHaveLength(24);
  expect(told(hours, "failures")).toEqual([
    [1, 20],
    [0, 115],
  ]);
  expect(hours.byCountry.top).toMatchObject([{ name: "NL" }]);
  expect(hours.byCountry.rest.slice(22)).toEqual([20, 3]);
  expect(hours.byOrg.rest.slice(22)).toEqual([20, 15]);
  const days = await attacks(cloud, "?per=day&of=attackers");
  expect(days.buckets).toHaveLength(31);
  // New to two orgs, one attacker is new to all of them once.
  expect(told(days, "attackers")).toEqual([[0, 4]]);
  expect(days.byOrg).toMatchObject({
    top: [
      { name: "acme", total: 4 },
      { name: "globex", total: 1 },
    ],
  });
  expect(days.byOrg.rest.every((count) => count === 0)).toBe(true);
}

/** An org's people are told of their own hosts. */
async function ofOneOrg(cloud: TestCloud): Promise<void> {
  const joining = { name: "a", role: "viewer", org: "acme" } as const;
  const { token } = await letIn(cloud, joining);
  const own = await attacks(cloud, "", token);
  expect(own).toMatchObject({ totals: { failures: 15, packets: 0 } });
  expect(own.byOrg.top).toMatchObject([{ name: "acme", total: 15 }]);
  expect(JSON.stringify(own)).not.toContain("globex");
  const globex = await attacks(cloud, "?org=globex&of=dropped");
  expect(globex).toMatchObject({ totals: { failures: 100, dropped: 20 } });
  expect(globex.byCountry.top).toMatchObject([
    { name: null, total: 10 },
    { name: "NL", total: 10 },
  ]);
  for (const org of ["globex", "nobody"]) {
    const asked = ["GET", `/attacks?org=${org}`] as const;
    const { status } = await askAsOperator(cloud, token, asked);
    expect(status).toBe(404);
  }
}
