import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, jest } from "@jest/globals";
import { formatCidr } from "../../../agent/model/cidr.js";
import { readOps } from "../../../agent/protocol/segment.js";
import { systemClock } from "../../../agent/runtime/clock.js";
import type { DecisionItem } from "../../../cloud/cli/ask-decisions.js";
import { foundCloud } from "../../../cloud/setup.js";
import { TestAgent } from "../../support/agent/test-agent.js";
import {
  eventually,
  startTestCloud,
  temporaryFolder,
  type TestCloud,
} from "../../support/cloud/cloud.js";
import { revoke } from "../../support/cloud/people.js";
import { detection } from "../telemetry/items.js";

jest.setTimeout(30_000);

const ATTACKER = "203.0.113.7";

describe("what two orgs detect", () => {
  it("is banned for everybody, with the reason and the evidence", async () => {
    await using cloud = await startTestCloud();
    using one = await connect(cloud, "one");
    using two = await connect(cloud, "two");
    using other = await connect(cloud, "other");
    await one.report(detection(ATTACKER));
    await two.report(detection("198.51.100.1"), detection(ATTACKER));

    const segment = await other.nextSegment();
    expect(segment.header).toMatchObject({ feed: "urgent", last: 1 });
    const [op] = readOps(segment);
    expect(op && formatCidr(op.cidr)).toBe(ATTACKER);
    const reason =
      "seen by 2 orgs on 2 hosts within 10 min: 10 failures (sshd)";
    expect(op).toMatchObject({ op: "ban", reason });

    const decisions = await decisionsOf(cloud);
    expect(decisions).toMatchObject([
      {
        ...{ action: "ban", feed: "urgent", by: "rule:several-orgs" },
        ...{ ranges: 1, targets: [ATTACKER], reason },
      },
    ]);
    type Detections = { items: { seq: number; org: string }[] };
    const path = `/api/v1/detections?range=${ATTACKER}`;
    const seen = (await cloud.request<Detections>("GET", path)).body;
    const seqs = seen.items.map(({ seq }) => seq);
    expect(decisions[0]?.evidence).toEqual([...seqs].reverse());
  });

  it("counts an IPv6 host by its /64", async () => {
    await using cloud = await startTestCloud();
    using one = await connect(cloud, "one");
    using two = await connect(cloud, "two");
    await one.report(detection("2001:db8:1:2::1"));
    await two.report(detection("2001:db8:1:2:ffff::9"));
    const [op] = readOps(await one.nextSegment());
    expect(op && formatCidr(op.cidr)).toBe("2001:db8:1:2::/64");
  });

  it("is decided on once, however often it is seen", async () => {
    await using cloud = await startTestCloud();
    using one = await connect(cloud, "one");
    using two = await connect(cloud, "two");
    for (let i = 0; i < 5; i++) {
      await one.report(detection(ATTACKER));
      await two.report(detection(ATTACKER));
    }
    await settled(cloud, one, two);
    expect(await decisionsOf(cloud)).toHaveLength(2);
  });

  it("is banned again when the ban is more than half over", async () => {
    let ahead = 0;
    const clock = { ...systemClock, now: () => Date.now() + ahead };
    await using cloud = await startTestCloud({ clock });
    using one = await connect(cloud, "one");
    using two = await connect(cloud, "two");
    const both = async () => {
      const time = clock.now();
      await one.report(detection(ATTACKER, { time }));
      await two.report(detection(ATTACKER, { time }));
    };
    await both();
    await one.nextSegment();
    ahead = 119 * 60_000;
    await both();
    ahead = 121 * 60_000;
    await one.report(detection(ATTACKER, { time: clock.now() }));
    const [op] = readOps(await one.nextSegment());
    const expiresAt = Math.floor(clock.now() / 1000) + 4 * 3_600;
    if (op?.op !== "ban") throw new Error("it is a ban");
    expect(Math.abs(op.expiresAt - expiresAt)).toBeLessThanOrEqual(2);
    expect(await decisionsOf(cloud)).toHaveLength(2);
  });
});

describe("a rule bans nobody", () => {
  it.each([
    [
      "that one org alone detects",
      [
        ["one", ATTACKER],
        ["one", ATTACKER],
      ],
    ],
    [
      "in private ranges",
      [
        ["one", "10.0.0.1"],
        ["two", "10.0.0.1"],
      ],
    ],
    [
      "by a whole network",
      [
        ["one", "203.0.113.0/24"],
        ["two", "203.0.113.0/24"],
      ],
    ],
    [
      "without an address",
      [
        ["one", "localhost"],
        ["two", "localhost"],
      ],
    ],
  ])("%s", async (_, reports) => {
    await using cloud = await startTestCloud();
    for (const [org = "", source = ""] of reports) {
      using agent = await connect(cloud, org);
      await agent.report(detection(source));
    }
    await expectNoDecision(cloud);
  });

  it("on the never-list", async () => {
    await using cloud = await startTestCloud();
    writeFileSync(join(cloud.dir, "never-ban.txt"), "203.0.113.0/28\n");
    await bothReport(cloud, ATTACKER);
    await expectNoDecision(cloud);
  });

  it("while the never-list cannot be understood", async () => {
    await using cloud = await startTestCloud();
    writeFileSync(join(cloud.dir, "never-ban.txt"), "the office\n");
    await bothReport(cloud, ATTACKER);
    await settled(cloud);
    expect(await decisionsOf(cloud)).toEqual([]);
  });

  it("that a host's own guard held", async () => {
    await using cloud = await startTestCloud();
    using one = await connect(cloud, "one");
    await one.report(
      detection(ATTACKER, { action: "held", rule: "this-host" }),
    );
    using two = await connect(cloud, "two");
    await two.report(detection(ATTACKER));
    await expectNoDecision(cloud);
  });

  it("on the word of an agent that was revoked", async () => {
    await using cloud = await startTestCloud();
    const who = await cloud.enrol("one");
    using one = await TestAgent.connect(cloud, who);
    await one.report(detection(ATTACKER));
    await revoke(cloud, who.agent);
    using two = await connect(cloud, "two");
    await two.report(detection(ATTACKER));
    await expectNoDecision(cloud);
  });

  it("on old news, or on a clock that is ahead", async () => {
    await using cloud = await startTestCloud();
    using one = await connect(cloud, "one");
    const time = Date.now() - 11 * 60_000;
    await one.report(detection(ATTACKER, { time }));
    using two = await connect(cloud, "two");
    await two.report(detection(ATTACKER, { time: Date.now() + 86_400_000 }));
    await expectNoDecision(cloud);
  });

  it("whom an operator banned for longer already", async () => {
    await using cloud = await startTestCloud();
    await cloud.ban("203.0.113.0/24", { for: "permanent" });
    await bothReport(cloud, ATTACKER);
    await settled(cloud);
    expect(await decisionsOf(cloud)).toHaveLength(2);
  });

  it("whom an operator let go, until there is new evidence", async () => {
    await using cloud = await startTestCloud();
    using one = await connect(cloud, "one");
    using two = await connect(cloud, "two");
    await one.report(detection(ATTACKER));
    await two.report(detection(ATTACKER));
    await one.nextSegment();
    await one.report(detection(ATTACKER));
    await cloud.lift(ATTACKER);
    await one.nextSegment();
    await two.report(detection(ATTACKER));
    await settled(cloud, one, two);
    expect(await decisionsOf(cloud)).toHaveLength(3);
    await one.report(detection(ATTACKER));
    const again = await one.nextSegment();
    expect(again.header.last).toBeGreaterThan(2);
  });

  it("beyond its rate, but later", async () => {
    let ahead = 0;
    const clock = { ...systemClock, now: () => Date.now() + ahead };
    const correlation = { maxPerMinute: 2 };
    await using cloud = await startTestCloud({ clock, correlation });
    using one = await connect(cloud, "one");
    using two = await connect(cloud, "two");
    const all = [1, 2, 3, 4, 5].map((n) => detection(`203.0.113.${n}`));
    await one.report(...all);
    await two.report(...all);
    await eventually(async () => {
      return (await decisionsOf(cloud)).length === 2 ? true : undefined;
    });
    await systemClock.sleep(1_200);
    expect(await decisionsOf(cloud)).toHaveLength(2);
    ahead = 61_000;
    await eventually(async () => {
      return (await decisionsOf(cloud)).length === 4 ? true : undefined;
    });
  });
});

describe("the hosts of one vendor", () => {
  it("decide together where the settings say so", async () => {
    const correlation = { hosts: 2 };
    await using cloud = await startTestCloud({ correlation });
    using one = await connect(cloud, "one");
    using other = await connect(cloud, "one");
    await one.report(detection(ATTACKER));
    await one.report(detection(ATTACKER));
    await other.report(detection(ATTACKER));
    await one.nextSegment();
    expect(await decisionsOf(cloud)).toMatchObject([
      { by: "rule:several-hosts" },
    ]);
  });
});

describe("a single host", () => {
  it("decides for everybody where the vendor trusts each of its own", async () => {
    const correlation = { hosts: 1 };
    await using cloud = await startTestCloud({ correlation });
    using one = await connect(cloud, "one");
    using other = await connect(cloud, "one");
    await one.report(detection(ATTACKER));
    const [op] = readOps(await other.nextSegment());
    expect(op).toMatchObject({
      reason: "seen by 1 org on 1 host within 10 min: 5 failures (sshd)",
    });
  });
});

describe("after a restart", () => {
  it("a rule decides what was left open, and nothing twice", async () => {
    using folder = temporaryFolder();
    const dir = join(folder.path, "cloud");
    const founding = { dir, name: "test-cloud", publicUrl: undefined };
    foundCloud({ ...founding, listen: "127.0.0.1:0" }, systemClock);
    {
      // Off, as if the cloud had died between the evidence and the decision.
      const correlation = { orgs: 0 };
      await using cloud = await startTestCloud({ dir, correlation });
      await bothReport(cloud, ATTACKER);
      expect(await decisionsOf(cloud)).toEqual([]);
    }
    for (let life = 0; life < 3; life++) {
      await using cloud = await startTestCloud({ dir });
      const decisions = await eventually(async () => {
        const found = await decisionsOf(cloud);
        return found.length > 0 ? found : undefined;
      });
      expect(decisions).toMatchObject([{ targets: [ATTACKER] }]);
    }
    await using cloud = await startTestCloud({ dir });
    await bothReport(cloud, "203.0.113.8");
    const decisions = await eventually(async () => {
      const found = await decisionsOf(cloud);
      return found.length > 1 ? found : undefined;
    });
    expect(decisions.map(({ targets }) => targets)).toEqual([
      ["203.0.113.8"],
      [ATTACKER],
    ]);
  });
});

const connect = async (cloud: TestCloud, org: string) =>
  TestAgent.connect(cloud, await cloud.enrol(org));

async function bothReport(cloud: TestCloud, source: string): Promise<void> {
  for (const org of ["one", "two"]) {
    using agent = await connect(cloud, org);
    await agent.report(detection(source));
  }
}

async function decisionsOf(cloud: TestCloud): Promise<readonly DecisionItem[]> {
  type Answer = { items: DecisionItem[] };
  return (await cloud.request<Answer>("GET", "/api/v1/decisions")).body.items;
}

/** Decides on somebody else meanwhile: what came before has been looked at. */
async function settled(
  cloud: TestCloud,
  ...agents: readonly [] | readonly [TestAgent, TestAgent]
): Promise<void> {
  const before = (await decisionsOf(cloud)).length;
  const [one, two] = agents;
  if (one === undefined || two === undefined) {
    await bothReport(cloud, "198.51.100.99");
    await systemClock.sleep(200);
    return;
  }
  await one.report(detection("198.51.100.99"));
  await two.report(detection("198.51.100.99"));
  await eventually(async () => {
    return (await decisionsOf(cloud)).length > before ? true : undefined;
  });
}

async function expectNoDecision(cloud: TestCloud): Promise<void> {
  const marker = "198.51.100.99";
  await bothReport(cloud, marker);
  const decisions = await eventually(async () => {
    const found = await decisionsOf(cloud);
    return found.length > 0 ? found : undefined;
  });
  expect(decisions).toMatchObject([{ targets: [marker] }]);
}
