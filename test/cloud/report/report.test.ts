import { describe, expect, it, jest } from "@jest/globals";
import type { InferOutput } from "valibot";
import type { ReportOut } from "../../../cloud/api/routes/report-shapes.js";
import { monthAt, monthOf } from "../../../cloud/report/month.js";
import { TestAgent, positionAfter } from "../../support/agent/test-agent.js";
import {
  eventually,
  startTestCloud,
  type TestCloud,
} from "../../support/cloud/cloud.js";
import { askAsOperator, askAtDoor, letIn } from "../../support/cloud/people.js";
import { detection, health, hits } from "../telemetry/items.js";

jest.setTimeout(60_000);

type Report = InferOutput<typeof ReportOut>;

const MONTH = monthAt(Date.now());

async function reportOf(
  cloud: TestCloud,
  org: string,
  query = "",
  token = cloud.operator,
): Promise<Report> {
  const path = `/orgs/${org}/report${query}`;
  const answer = await askAsOperator<Report>(cloud, token, ["GET", path]);
  expect([path, answer.status]).toEqual([path, 200]);
  return answer.body;
}

describe("a month", () => {
  it.each([
    ["2026-11", "2026-11-01T00:00:00.000Z", "2026-12-01T00:00:00.000Z", 30],
    ["2026-12", "2026-12-01T00:00:00.000Z", "2027-01-01T00:00:00.000Z", 31],
    ["2028-02", "2028-02-01T00:00:00.000Z", "2028-03-01T00:00:00.000Z", 29],
  ])("%s is from %s to %s", (name, from, to, days) => {
    const month = monthOf(name);
    expect(month).toEqual({
      ...{ name, days, from: Date.parse(from), to: Date.parse(to) },
    });
    expect(monthAt(Date.parse(to) - 1)).toBe(name);
  });

  it.each(["2026-13", "2026-1", "1999-01", "2026-11-01", "", "November"])(
    "is not: %s",
    (text) => {
      expect(monthOf(text)).toBeUndefined();
    },
  );
});

describe("the report of a month", () => {
  it("tells what was seen, decided, held back and contested", async () => {
    await using cloud = await startTestCloud();
    const web = await cloud.enrol("acme", "web1");
    await cloud.enrol("acme", "db1");
    const other = await cloud.enrol("globex", "web9");
    using agent = await TestAgent.connect(cloud, web);
    using elsewhere = await TestAgent.connect(cloud, other);
    await agent.report(detection("203.0.113.1"), hits("203.0.113.1"));
    // Of two orgs of standing: a rule bans it.
    await elsewhere.report(detection("203.0.113.1"), detection("192.0.2.9"));
    const byRule = positionAfter(await agent.nextSegment());
    agent.sendReceipt(web, byRule);
    await cloud.ban("198.51.100.1", { feed: "org/acme", reason: "ours" });
    const own = positionAfter(await agent.nextSegment());
    const held = [{ range: "198.51.100.1", rule: "this-host" }];
    agent.sendReceipt(web, own, { banned: 0, heldTotal: 1, held });
    const { decision } = await cloud.ban("198.51.100.77", { observe: true });
    await cloud.ban("198.51.100.78", { feed: "org/globex" });
    await listOf(cloud, "192.0.2.128\n192.0.2.129\n");
    await undo(cloud, decision);
    await cloud.lift("198.51.100.78", { feed: "org/globex" });
    await cloud.ban("198.51.100.79");
    await cloud.lift("198.51.100.79");
    await contest(cloud, "203.0.113.1");
    await agent.report(health("disk-full"));
    const report = await eventually(async () => {
      const found = await reportOf(cloud, "acme");
      const { holding, held } = found.answered;
      return holding === 1 && held.length === 1 ? found : undefined;
    });

    expect(report).toMatchObject({
      org: { id: "acme", name: "acme" },
      ...{ month: MONTH, isOver: false, isWhole: true },
      attacks: {
        totals: { detections: 1, failures: 5, packets: 20, attackers: 1 },
        byCountry: [{ country: null, failures: 5, packets: 20 }],
      },
      attackers: { seen: 1, top: [{ attacker: "203.0.113.1", failures: 5 }] },
      contests: { opened: 1, waiting: 1, released: 0 },
      hosts: { all: 2, online: 1, unwell: 2 },
      countries: { source: null, trouble: null },
    });
    const days = monthOf(MONTH)?.days ?? 0;
    expect(report.attacks.byDay).toHaveLength(days);
    expect(report.hosts.first).toMatchObject([
      { hostname: "db1", state: "offline", mode: "unknown", lastSeen: null },
      { hostname: "web1", state: "online", troubles: ["disk-full"] },
    ]);
    expect(Date.parse(report.keptSince.attacks ?? "")).toBeGreaterThan(0);
    expect(Date.parse(report.keptSince.answers)).toBeLessThan(Date.now());
    decided(report);
    await forCustomers(cloud, report);
  });

  it("looks up who holds what of decisions from all over it, where they are many", async () => {
    await using cloud = await startTestCloud();
    const web = await cloud.enrol("acme", "web1");
    using agent = await TestAgent.connect(cloud, web);
    const many = Array.from({ length: 70 }, (_, i) => `198.51.100.${i}`);
    for (const range of many) await cloud.ban(range);
    for (const _ of many) {
      agent.sendReceipt(web, positionAfter(await agent.nextSegment()));
    }
    const { answered } = await eventually(async () => {
      const found = await reportOf(cloud, "acme");
      const { holding, decisions } = found.answered;
      return holding === decisions ? found : undefined;
    });
    expect(answered.decisions).toBeGreaterThan(25);
    expect(answered.decisions).toBeLessThanOrEqual(50);
    expect(answered.must).toBe(answered.decisions);
    expect(answered.toForce?.count).toBe(answered.decisions);
  });

  it("of a month that is long past says what is not kept", async () => {
    await using cloud = await startTestCloud();
    await cloud.enrol("acme", "web1");
    const { keptSince, ...report } = await reportOf(
      cloud,
      "acme",
      "?month=2024-02",
    );
    expect(keptSince.attacks).toBeNull();
    expect(Date.parse(keptSince.answers)).toBeGreaterThan(
      Date.parse(report.to),
    );
    expect(report).toMatchObject({
      ...{ isOver: true, bans: [], from: "2024-02-01T00:00:00.000Z" },
      answered: { decisions: 0, must: 0, toDecision: null, toForce: null },
      attacks: { totals: { failures: 0 } },
    });
    expect(report.attacks.byDay).toHaveLength(29);
  });

  it("is of a month, and nothing else", async () => {
    await using cloud = await startTestCloud();
    await cloud.addOrg("acme");
    for (const month of ["2026-13", "now", ""]) {
      const path = `/orgs/acme/report?month=${month}`;
      const asked = ["GET", path] as const;
      expect(await askAsOperator(cloud, cloud.operator, asked)).toMatchObject({
        ...{ status: 400, body: { errors: [{ field: "month" }] } },
      });
    }
  });
});

/** What was decided, and what hosts made of it. */
function decided({ bans, decided, answered }: Report): void {
  const kinds = bans.map(({ by, name, isOwn, observed, decisions, ranges }) => [
    ...[by, name, isOwn, observed, decisions, ranges],
  ]);
  expect(kinds).toHaveLength(5);
  expect(kinds).toEqual(
    expect.arrayContaining([
      ["people", null, true, false, 1, 1],
      ["people", null, false, true, 1, 1],
      ["people", null, false, false, 1, 1],
      ["list", "blocklist", false, false, 1, 2],
      ["rule", expect.any(String), false, false, 1, 1],
    ]),
  );
  expect(decided).toEqual({ bans: 4, lists: 1, lifts: 1, undone: 1 });
  expect(answered).toMatchObject({
    ...{ decisions: 5, must: 10, holding: 1 },
    held: [{ rule: "this-host", hosts: 1, bans: 1 }],
  });
  for (const took of [answered.toDecision, answered.inAll]) {
    expect(took).toMatchObject({ count: 1 });
    expect(took?.p95).toBeGreaterThanOrEqual(took?.p50 ?? Infinity);
  }
  expect(answered.toForce?.count).toBeGreaterThanOrEqual(1);
}

/** An org's people see the same, but for what is the vendor's to know. */
async function forCustomers(cloud: TestCloud, report: Report): Promise<void> {
  const joining = { name: "a", role: "viewer", org: "acme" } as const;
  const { token } = await letIn(cloud, joining);
  const own = await reportOf(cloud, "acme", `?month=${MONTH}`, token);
  expect(own).toMatchObject({
    decided: report.decided,
    contests: report.contests,
  });
  const lists = own.bans.filter(({ by }) => by === "list");
  expect(lists).toMatchObject([{ name: null, ranges: 2 }]);
  expect(JSON.stringify(own)).not.toContain("globex");
  for (const org of ["globex", "nobody"]) {
    const asked = ["GET", `/orgs/${org}/report`] as const;
    const { status } = await askAsOperator(cloud, token, asked);
    expect(status).toBe(404);
  }
}

const listOf = async (cloud: TestCloud, text: string) => {
  const path = "/imports?feed=reputation&list=blocklist&replace=true";
  const asked = ["POST", path, text] as const;
  const { status } = await askAsOperator(cloud, cloud.operator, asked);
  expect(status).toBe(201);
};

const undo = async (cloud: TestCloud, decision: string) => {
  const path = `/decisions/${decision}/undo`;
  const asked = ["POST", path, { reason: "a mistake" }] as const;
  const { status } = await askAtDoor(cloud, cloud.operator, asked);
  expect([200, 201]).toContain(status);
};

const contest = async (cloud: TestCloud, address: string) => {
  const complaint = { address, why: "it is ours", contact: "" };
  const asked = ["POST", "/contests/open", complaint] as const;
  const { status } = await askAtDoor(cloud, cloud.operator, asked);
  expect(status).toBe(201);
};
