import { join } from "node:path";
import { describe, expect, it, jest } from "@jest/globals";
import { systemClock } from "../../../agent/runtime/clock.js";
import type { RulesTold } from "../../../cloud/cli/ask-proposals.js";
import { TestAgent } from "../../support/agent/test-agent.js";
import {
  eventually,
  startTestCloud,
  temporaryFolder,
  type TestCloud,
} from "../../support/cloud/cloud.js";
import { Past } from "../../support/cloud/past.js";
import { detection } from "../telemetry/items.js";
import { decisionsOf, honestOrgs, openStage, tellPast } from "./past-stage.js";

jest.setTimeout(60_000);

const VICTIM = "192.0.2.200";
const ATTACKER = "203.0.113.7";

describe("with the settings that a cloud has at first", () => {
  it("three orgs of standing decide, and two do not", async () => {
    await using stage = await openStage((past) => ({
      honest: honestOrgs(past, 4),
    }));
    const [a, b, c] = stage.honest;
    await stage.report([a, b], ATTACKER);
    await stage.report([a, b, c], "203.0.113.8");
    expect(await stage.firstTargets()).toEqual([["203.0.113.8"]]);
    const [decision] = await decisionsOf(stage.cloud);
    expect(decision?.reason).toContain("seen by 3 orgs on 3 hosts");
  });

  it("fifty orgs that were made in a day ban nobody", async () => {
    await using stage = await openStage((past) => ({
      honest: honestOrgs(past, 4),
      puppets: Array.from({ length: 50 }, (_, n) =>
        past.org(`puppet${n}`, { hosts: 2, days: 1 }),
      ),
    }));
    await stage.report(stage.puppets, VICTIM);
    await stage.report(stage.puppets.slice(0, 25), VICTIM);
    await stage.expectOnlyHonest();
  });

  it("old orgs of one host each ban nobody", async () => {
    await using stage = await openStage((past) => ({
      honest: honestOrgs(past, 4),
      puppets: Array.from({ length: 5 }, (_, n) =>
        past.org(`puppet${n}`, { hosts: 1, days: 100 }),
      ),
    }));
    await stage.report(stage.puppets, VICTIM);
    await stage.expectOnlyHonest();
  });

  it("three old orgs ban nobody whose sightings nobody else ever shared", async () => {
    await using stage = await openStage((past) => {
      const puppets = [1, 2, 3].map((n) => past.org(`puppet${n}`));
      // They confirm each other as much as they like.
      for (const [who] of puppets) tellPast(past, who, "198.51.100");
      return { honest: honestOrgs(past, 4), puppets };
    });
    await stage.report(stage.puppets, VICTIM);
    await stage.expectOnlyHonest();
  });

  it("one old org with many hosts, its keys stolen, bans nobody", async () => {
    await using stage = await openStage((past) => ({
      honest: honestOrgs(past, 4),
      stolen: past.org("stolen", { hosts: 12, days: 300 }),
    }));
    for (const who of stage.stolen) await stage.report([[who]], VICTIM);
    await stage.expectOnlyHonest();
  });

  it("many orgs that each see an attacker seldom still decide", async () => {
    await using stage = await openStage((past) => ({
      honest: Array.from({ length: 6 }, (_, n) => past.org(`honest${n}`)),
    }));
    for (const [n, org] of stage.honest.entries()) {
      const time = Date.now() - (9 - n) * 60_000;
      await stage.report([org], ATTACKER, { time, count: 1 });
    }
    expect(await stage.firstTargets()).toEqual([[ATTACKER]]);
  });

  it("orgs of standing see addresses of one /64 as one attacker", async () => {
    await using stage = await openStage((past) => ({
      honest: honestOrgs(past, 4),
    }));
    const [a, b, c] = stage.honest;
    await stage.report([a], "2001:db8:1:2::1");
    await stage.report([b], "2001:db8:1:2:ffff::2");
    await stage.report([c], "2001:db8:1:2:1:2:3:4");
    expect(await stage.firstTargets()).toEqual([["2001:db8:1:2::/64"]]);
  });
});

describe("two orgs that flood the rule", () => {
  it.each([
    ["single addresses", (n: number) => `45.${n >> 8}.${n & 255}.1`],
    ["a /48 of theirs", (n: number) => `2001:db8:9:${n.toString(16)}::1`],
  ])("with %s keep honest orgs waiting for seconds at most", async (_, at) => {
    using folder = temporaryFolder();
    await using cloud = await startTestCloud({
      dir: pastIn(folder.path),
    });
    using one = await TestAgent.connect(cloud, await cloud.enrol("flood1"));
    using two = await TestAgent.connect(cloud, await cloud.enrol("flood2"));
    using a = await TestAgent.connect(cloud, await cloud.enrol("honest1"));
    using b = await TestAgent.connect(cloud, await cloud.enrol("honest2"));
    const flood = Array.from({ length: 1_920 }, (_, n) => detection(at(n)));
    await Promise.all([reportAll(one, flood), reportAll(two, flood)]);

    const going = new AbortController();
    const floods = [one, two].map((each) => keepOn(each, at, going.signal));
    try {
      await a.report(detection(ATTACKER));
      await b.report(detection(ATTACKER));
      await eventually(async () => {
        const decisions = await decisionsOf(cloud);
        return (
          decisions.some(({ targets }) => targets[0] === ATTACKER) || undefined
        );
      });
      await eventually(async () => {
        const { reachedSince } = await rulesOf(cloud);
        return reachedSince ?? undefined;
      });
    } finally {
      going.abort();
      await Promise.all(floods);
    }
    const decisions = await decisionsOf(cloud);
    // Three quarters of 60 in a minute, which may have turned once.
    expect(decisions.length).toBeLessThanOrEqual(2 * 45 + 2);
    const rules = await rulesOf(cloud);
    expect(rules.reachedSince).toMatch(/^\d{4}-.*Z$/);
    expect(rules.waiting).toBeGreaterThan(0);
    expect(
      rules.orgs
        .map(({ org }) => org)
        .slice(0, 2)
        .sort(),
    ).toEqual(["flood1", "flood2"]);
    expect(rules.alarms).toMatchObject([{ maxPerMinute: 60 }]);
  });

  it("cannot hold up an attacker by seeing it as well", async () => {
    await using cloud = await startTestCloud({
      correlation: { maxPerMinute: 8 },
    });
    using one = await TestAgent.connect(cloud, await cloud.enrol("flood1"));
    using two = await TestAgent.connect(cloud, await cloud.enrol("flood2"));
    using a = await TestAgent.connect(cloud, await cloud.enrol("honest1"));
    using b = await TestAgent.connect(cloud, await cloud.enrol("honest2"));
    const flood = Array.from({ length: 60 }, (_, n) =>
      detection(`45.1.1.${n}`),
    );
    await Promise.all([one.report(...flood), two.report(...flood)]);
    await eventually(
      async () => (await decisionsOf(cloud)).length >= 6 || undefined,
    );
    for (const each of [one, two, a, b]) await each.report(detection(ATTACKER));
    await eventually(async () => {
      const [newest] = await decisionsOf(cloud);
      return newest?.targets[0] === ATTACKER || undefined;
    });
  });

  it("have a share that a restart does not renew", async () => {
    using folder = temporaryFolder();
    const dir = pastIn(folder.path);
    const correlation = { maxPerMinute: 8 };
    const flood = Array.from({ length: 20 }, (_, n) =>
      detection(`45.1.1.${n}`),
    );
    let before = 0;
    {
      await using cloud = await startTestCloud({ dir, correlation });
      using one = await TestAgent.connect(cloud, await cloud.enrol("flood1"));
      using two = await TestAgent.connect(cloud, await cloud.enrol("flood2"));
      await Promise.all([one.report(...flood), two.report(...flood)]);
      before = await eventually(async () => {
        const { length } = await decisionsOf(cloud);
        return length >= 6 ? length : undefined;
      });
    }
    expect(before).toBe(6);
    await using cloud = await startTestCloud({ dir, correlation });
    using a = await TestAgent.connect(cloud, await cloud.enrol("honest1"));
    using b = await TestAgent.connect(cloud, await cloud.enrol("honest2"));
    await a.report(detection(ATTACKER));
    await b.report(detection(ATTACKER));
    await eventually(
      async () => (await decisionsOf(cloud)).length > 6 || undefined,
    );
    expect(await decisionsOf(cloud)).toMatchObject([
      { targets: [ATTACKER] },
      ...Array.from({ length: 6 }, () => ({})),
    ]);
  });
});

function pastIn(folder: string): string {
  const dir = join(folder, "cloud");
  new Past(dir);
  return dir;
}

async function reportAll(
  agent: TestAgent,
  items: readonly ReturnType<typeof detection>[],
): Promise<void> {
  for (let at = 0; at < items.length; at += 64) {
    await agent.report(...items.slice(at, at + 64));
  }
}

/** Ninety items a second, as long as the test looks. */
async function keepOn(
  agent: TestAgent,
  at: (n: number) => string,
  signal: AbortSignal,
): Promise<void> {
  for (let n = 2_000; !signal.aborted && n < 4_000; n += 9) {
    const items = Array.from({ length: 9 }, (_, i) => detection(at(n + i)));
    await agent.report(...items);
    await systemClock.sleep(100);
  }
}

const rulesOf = async (cloud: TestCloud): Promise<RulesTold> =>
  (await cloud.request<RulesTold>("GET", "/api/v1/rules")).body;
