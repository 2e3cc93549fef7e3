import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, jest } from "@jest/globals";
import { formatCidr } from "../../../agent/model/cidr.js";
import { readOps } from "../../../agent/protocol/segment.js";
import { systemClock } from "../../../agent/runtime/clock.js";
import type { WeightItem } from "../../../cloud/cli/ask-orgs.js";
import type { RulesTold } from "../../../cloud/cli/ask-proposals.js";
import { positionAfter, TestAgent } from "../../support/agent/test-agent.js";
import {
  eventually,
  startTestCloud,
  temporaryFolder,
  type Enrolled,
  type TestCloud,
  type TestCloudOptions,
} from "../../support/cloud/cloud.js";
import { revoke } from "../../support/cloud/people.js";
import { Past } from "../../support/cloud/past.js";
import { detection } from "../telemetry/items.js";
import {
  bothSee,
  bothSeeAt,
  decisionsOf,
  proposalOf,
  proposalsOf,
} from "./asking.js";

jest.setTimeout(60_000);

const ATTACKER = "203.0.113.7";
const HELD = { action: "held", rule: "this-host" } as const;

const targetsOf = (decisions: readonly { targets: readonly string[] }[]) =>
  decisions.flatMap(({ targets }) => targets);

describe("a person decides, and no rule, on", () => {
  it.each([
    ["a resolver that everybody may use", "8.8.8.8", "publicResolvers"],
    ["the edge of a CDN", "104.16.1.1", "cdnEdges"],
    ["a /64 of such an edge", "2606:4700::9", "cdnEdges"],
  ])("%s", async (_, source, tier) => {
    await using cloud = await startTestCloud();
    await bothSee(cloud, source);
    const [proposal] = await proposalsOf(cloud);
    expect(proposal).toMatchObject({
      veto: { why: "tier", tier },
      rule: "rule:several-orgs",
      reason: "seen by 2 orgs on 2 hosts within 10 min: 10 failures (sshd)",
      orgs: ["one", "two"],
    });
    expect(await decisionsOf(cloud)).toEqual([]);
  });

  it("what is on the never-list", async () => {
    await using cloud = await startTestCloud();
    writeFileSync(join(cloud.dir, "never-ban.txt"), "203.0.113.0/28\n");
    await bothSee(cloud, ATTACKER);
    expect(await proposalsOf(cloud)).toMatchObject([
      { attacker: ATTACKER, veto: { why: "never-list" } },
    ]);
  });

  it("an address that a customer's agent connects from, in the last week", async () => {
    await using stage = await openStage((past) => {
      const [who, other] = past.org("customer");
      past.came(who!, ATTACKER);
      past.came(who!, "2001:db8:7:7::1");
      past.came(other!, "203.0.113.8", 8);
      return who!;
    });
    const { cloud } = stage;
    await bothSee(cloud, ATTACKER, "2001:db8:7:7::2", "203.0.113.8");
    expect(targetsOf(await decisionsOf(cloud))).toEqual(["203.0.113.8"]);
    const veto = { why: "agent", agent: stage.who.agent, org: "customer" };
    expect(await proposalsOf(cloud)).toMatchObject([
      { attacker: "2001:db8:7:7::/64", veto },
      { attacker: ATTACKER, veto },
    ]);
  });

  it("an address whose agent was revoked no more: it may be the attacker's own", async () => {
    await using stage = await openStage((past) => {
      const [who] = past.org("customer");
      past.came(who!, ATTACKER);
      return who!;
    });
    const { cloud, who } = stage;
    await revoke(cloud, who.agent);
    await bothSee(cloud, ATTACKER);
    expect(targetsOf(await decisionsOf(cloud))).toEqual([ATTACKER]);
  });

  it("what another org's guard held, by a detection or a receipt", async () => {
    await using cloud = await startTestCloud();
    const who = await cloud.enrol("third");
    using third = await TestAgent.connect(cloud, who);
    await third.report(detection(ATTACKER, HELD));
    await cloud.ban("203.0.113.8");
    const at = positionAfter(await third.nextSegment());
    await cloud.lift("203.0.113.8");
    const held = [
      { range: "203.0.113.8", rule: "allowed-here" },
      { range: "203.0.113.9", rule: "needs-approval" },
      { range: "203.0.113.0/24", rule: "this-host" },
    ];
    third.sendReceipt(who, at, { heldTotal: 3, held });
    await third.report(detection("192.0.2.1"));
    await until(cloud, "/api/v1/receipts", '"203.0.113.8"');

    await bothSee(cloud, ATTACKER, "203.0.113.8", "203.0.113.9");
    const veto = { why: "held", agent: who.agent, org: "third" };
    expect(await proposalsOf(cloud)).toMatchObject([
      { attacker: "203.0.113.8", veto: { ...veto, rule: "allowed-here" } },
      { attacker: ATTACKER, veto: { ...veto, rule: "this-host" } },
    ]);
    // What is wide in one place is no reason for another.
    const [newest] = await decisionsOf(cloud);
    expect(newest?.targets).toEqual(["203.0.113.9"]);
  });
});

describe("a guard that holds everything", () => {
  it("has twenty vetoes at a time, and then guards its host alone", async () => {
    await using cloud = await startTestCloud();
    using third = await TestAgent.connect(cloud, await cloud.enrol("third"));
    const all = Array.from({ length: 25 }, (_, n) => `203.0.113.${n + 1}`);
    await third.report(...all.map((each) => detection(each, HELD)));
    await bothSee(cloud, ...all);
    expect(await decisionsOf(cloud)).toHaveLength(5);
    expect(await proposalsOf(cloud)).toHaveLength(20);
  });

  it("stops nobody for longer than a week", async () => {
    await using stage = await openStage((past) => {
      const [who] = past.org("customer");
      past.told(who!, 8, [detection(ATTACKER, HELD)]);
      past.told(who!, 6, [detection("203.0.113.8", HELD)]);
      return who!;
    });
    await bothSee(stage.cloud, "203.0.113.8", ATTACKER);
    expect(targetsOf(await decisionsOf(stage.cloud))).toEqual([ATTACKER]);
    expect(await proposalsOf(stage.cloud)).toHaveLength(1);
  });
});

describe("orgs that want what a person decides on", () => {
  it("cannot fill the table for others", async () => {
    await using cloud = await startTestCloud({
      correlation: { maxPerMinute: 10_000 },
    });
    using one = await TestAgent.connect(cloud, await cloud.enrol("flood1"));
    using two = await TestAgent.connect(cloud, await cloud.enrol("flood2"));
    const all = Array.from({ length: 120 }, (_, n) =>
      detection(`104.16.7.${n + 1}`),
    );
    for (const each of [one, two]) {
      await each.report(...all.slice(0, 60));
      await each.report(...all.slice(60));
    }
    await eventually(async () => {
      return (await proposalsOf(cloud)).length === 100 ? true : undefined;
    });
    await bothSee(cloud, "8.8.8.8");
    await eventually(async () => {
      return (await proposalsOf(cloud)).length === 101 ? true : undefined;
    });
    const { body } = await cloud.request<RulesTold>("GET", "/api/v1/rules");
    // Each look counts: who is due for both orgs is looked at twice.
    expect(body.unproposed).toBeGreaterThanOrEqual(20);
  });
});

describe("a proposal", () => {
  it("bans when it is released: the operator's word, on the rule's evidence", async () => {
    await using cloud = await startTestCloud();
    using one = await TestAgent.connect(cloud, await cloud.enrol("one"));
    using two = await TestAgent.connect(cloud, await cloud.enrol("two"));
    await one.report(detection("8.8.8.8"));
    await two.report(detection("8.8.8.8"));
    const { id, evidence, reason } = await proposalOf(cloud);
    const order = { for: "1h", reason: "they really do" };
    const released = await settle(cloud, id, "release", order);
    expect(released.status).toBe(201);

    const [op] = readOps(await one.nextSegment());
    expect(op && formatCidr(op.cidr)).toBe("8.8.8.8");
    expect(op).toMatchObject({ op: "ban", reason });
    expect(await decisionsOf(cloud)).toMatchObject([
      { by: "admin", evidence, targets: ["8.8.8.8"] },
    ]);
    expect(await proposalsOf(cloud)).toEqual([]);
    expect(await proposalsOf(cloud, "?all=true")).toMatchObject([
      { verdict: "released", settledBy: "admin", settledWhy: order.reason },
    ]);
    // In one append, or neither is: there is one record of the call.
    type Calls = { items: { after: { kind: string }[] }[] };
    const { body: calls } = await cloud.request<Calls>(
      ...(["GET", "/api/v1/audit?operation=releaseProposal"] as const),
    );
    expect(
      calls.items.map(({ after }) => after.map(({ kind }) => kind)),
    ).toEqual([["decided", "proposal-settled"]]);
    // Two at once make one ban, and the second is told.
    const again = await settle(cloud, id, "release", order);
    expect(again).toMatchObject({
      status: 409,
      body: { detail: `${id} was released by admin already` },
    });
    const { body } = await cloud.request<RulesTold>("GET", "/api/v1/rules");
    expect(body.left).toBe(60); // it took nothing of the rules' rate
  });

  it("is decided on once, by whoever comes first", async () => {
    await using cloud = await startTestCloud();
    await bothSee(cloud, "8.8.8.8");
    const { id } = await proposalOf(cloud);
    const answers = await Promise.all(
      [1, 2, 3].map(() => settle(cloud, id, "release", {})),
    );
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([201, 409, 409]);
    expect(await decisionsOf(cloud)).toHaveLength(1);
  });

  it("bans nobody when it is refused, nor comes again for as long", async () => {
    let ahead = 0;
    const clock = { ...systemClock, now: () => Date.now() + ahead };
    await using cloud = await startTestCloud({ clock });
    await bothSee(cloud, "8.8.8.8");
    const { id } = await proposalOf(cloud);
    const nameless = await settle(cloud, id, "refuse", { reason: "" });
    expect(nameless).toMatchObject({
      ...{ status: 400, body: { errors: [{ field: "reason" }] } },
    });
    const refused = await settle(cloud, id, "refuse", { reason: "a resolver" });
    expect(refused.status).toBe(200);
    ahead = 23 * 3_600_000;
    await bothSeeAt(cloud, ["8.8.8.8"], clock.now());
    expect(await proposalsOf(cloud)).toEqual([]);
    ahead = 25 * 3_600_000;
    await bothSeeAt(cloud, ["8.8.8.8"], clock.now());
    expect(await proposalsOf(cloud)).toHaveLength(1);
    expect(await decisionsOf(cloud)).toEqual([]);
  });

  it("costs its witnesses weight where it is refused as wrong, and else nothing", async () => {
    await using cloud = await startTestCloud();
    await bothSee(cloud, "8.8.8.8", "1.1.1.1");
    const [one, other] = await proposalsOf(cloud);
    await settle(cloud, one!.id, "refuse", { reason: "true, a resolver" });
    expect(await blamesOf(cloud, "one")).toEqual([]);
    const wrong = { reason: "they attack nobody", wrong: true };
    await settle(cloud, other!.id, "refuse", wrong);
    expect(await blamesOf(cloud, "one")).toMatchObject([
      { id: other!.id, why: "refused", share: 0.25 },
    ]);
    expect(await proposalsOf(cloud, "?all=true")).toMatchObject([
      { id: one!.id, verdict: "refused", wrong: false },
      { id: other!.id, verdict: "refused", wrong: true },
    ]);
  });

  it("runs out, and comes again when it is seen again", async () => {
    let ahead = 0;
    const clock = { ...systemClock, now: () => Date.now() + ahead };
    await using cloud = await startTestCloud({ clock });
    await bothSee(cloud, "8.8.8.8");
    const { id } = await proposalOf(cloud);
    await bothSee(cloud, "8.8.8.8"); // as long as it is open, it is one
    expect(await proposalsOf(cloud, "?all=true")).toHaveLength(1);
    ahead = 24 * 3_600_000 + 1_000;
    const late = await settle(cloud, id, "release", {});
    expect(late.status).toBe(409);
    expect(late.body.detail).toMatch(/ran out at .*comes again/);
    await bothSeeAt(cloud, ["8.8.8.8"], clock.now());
    expect(await proposalsOf(cloud)).toHaveLength(1);
  });

  it("is still there after a restart", async () => {
    using folder = temporaryFolder();
    const dir = join(folder.path, "cloud");
    new Past(dir);
    {
      await using cloud = await startTestCloud({ dir });
      await bothSee(cloud, "8.8.8.8");
    }
    await using cloud = await startTestCloud({ dir });
    const { id } = await proposalOf(cloud);
    expect((await settle(cloud, id, "release", {})).status).toBe(201);
  });

  it("that nobody made is unknown", async () => {
    await using cloud = await startTestCloud();
    expect(await settle(cloud, "prp-1", "release", {})).toMatchObject({
      status: 404,
      body: { detail: "there is no proposal prp-1" },
    });
  });
});

async function openStage(make: (past: Past) => Enrolled) {
  const folder = temporaryFolder();
  const dir = join(folder.path, "cloud");
  const who = make(new Past(dir));
  const options: TestCloudOptions = { dir };
  const cloud = await startTestCloud(options);
  return {
    ...{ who, cloud },
    [Symbol.asyncDispose]: async () => {
      await cloud[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

async function blamesOf(cloud: TestCloud, org: string) {
  type Weights = { items: readonly WeightItem[] };
  const path = "/api/v1/org-weights";
  const { body } = await cloud.request<Weights>("GET", path);
  return body.items.find((each) => each.org === org)?.blames;
}

const settle = (cloud: TestCloud, id: string, how: string, order: object) =>
  cloud.request<{ detail: string }>(
    "POST",
    `/api/v1/proposals/${id}/${how}`,
    order,
  );

async function until(
  cloud: TestCloud,
  path: string,
  text: string,
): Promise<void> {
  await eventually(async () => {
    const { body } = await cloud.request<object>("GET", path);
    return (
      JSON.stringify(body).replaceAll("\\", "").includes(text) || undefined
    );
  });
}
