import { join } from "node:path";
import { describe, expect, it, jest } from "@jest/globals";
import { readOps } from "../../../agent/protocol/segment.js";
import { systemClock } from "../../../agent/runtime/clock.js";
import type { DecisionTold } from "../../../cloud/cli/ask-decisions.js";
import { foundCloud } from "../../../cloud/setup.js";
import { TestAgent } from "../../support/agent/test-agent.js";
import {
  eventually,
  startTestCloud,
  temporaryFolder,
  type Enrolled,
  type TestCloud,
} from "../../support/cloud/cloud.js";
import { askAtDoor, letIn } from "../../support/cloud/people.js";
import { detection } from "../telemetry/items.js";
import {
  ATTACKER,
  connect,
  decisionsOf,
  post,
  publish,
  rule,
  rulesOf,
} from "./asking.js";

jest.setTimeout(60_000);

const HOUR = 3_600_000;

describe("rules that were published", () => {
  it("decide, and say so in their decisions; what settings say does no more", async () => {
    await using cloud = await startTestCloud();
    await publish(cloud, rule("orgs: 3, failures: 15"));
    using one = await connect(cloud, "one");
    using two = await connect(cloud, "two");
    using three = await connect(cloud, "three");
    await one.report(detection(ATTACKER));
    await two.report(detection(ATTACKER));
    await three.report(detection(ATTACKER));
    const [op] = readOps(await one.nextSegment());
    expect(op).toMatchObject({
      reason: "seen by 3 orgs on 3 hosts within 24 h: 15 failures (sshd)",
    });
    const decisions = await decisionsOf(cloud);
    expect(decisions).toMatchObject([
      { by: "rule:mine", confidence: 0.87, rules: 1, targets: [ATTACKER] },
    ]);
    const path = `/api/v1/decisions/${decisions[0]?.decision ?? ""}`;
    const { body } = await cloud.request<DecisionTold>("GET", path);
    expect(body.detections).toHaveLength(3);
  });

  it("look at those at once whom they know already", async () => {
    await using cloud = await startTestCloud({ correlation: { orgs: 3 } });
    using one = await connect(cloud, "one");
    using two = await connect(cloud, "two");
    await one.report(detection(ATTACKER));
    await two.report(detection(ATTACKER));
    await publish(cloud, rule("orgs: 2"));
    await one.nextSegment();
    expect(await decisionsOf(cloud)).toMatchObject([{ by: "rule:mine" }]);
  });

  it("stay in force over a restart, and give way to the next", async () => {
    using folder = temporaryFolder();
    const dir = join(folder.path, "cloud");
    const founding = { dir, name: "test-cloud", publicUrl: undefined };
    foundCloud({ ...founding, listen: "127.0.0.1:0" }, systemClock);
    {
      await using cloud = await startTestCloud({ dir });
      expect((await rulesOf(cloud)).inForce).toMatchObject({
        ...{ version: 0, by: null, rules: ["several-orgs"] },
      });
      await publish(cloud, rule("orgs: 3"));
      await publish(cloud, rule("orgs: 4"));
    }
    await using cloud = await startTestCloud({ dir });
    expect((await rulesOf(cloud)).inForce).toMatchObject({
      ...{ version: 2, by: "admin", rules: ["mine"] },
    });
    type Text = { text: string };
    const path = "/api/v1/rules/versions";
    const text = await cloud.request<Text>("GET", `${path}/1`);
    expect(text.body.text).toContain("orgs: 3");
    const builtIn = await cloud.request<Text>("GET", `${path}/0`);
    expect(builtIn.body.text).toContain("several-orgs");
    expect((await cloud.request("GET", `${path}/9`)).status).toBe(404);
  });

  it("take a second person, who reads the very text", async () => {
    await using cloud = await startTestCloud({ twoPersons: { flows: null } });
    const text = rule("orgs: 2");
    const asked = await post<{ proposal: string }>(cloud, "/rules", { text });
    expect(asked.status).toBe(202);
    expect((await rulesOf(cloud)).inForce.version).toBe(0);
    const path = `/api/v1/proposals/${asked.body.proposal}`;
    const shown = await cloud.request("GET", path);
    expect(shown.body).toMatchObject({
      text,
      proposal: { action: "change", change: { of: "rules" }, feeds: [] },
    });
    const own = await post(
      cloud,
      `/proposals/${asked.body.proposal}/release`,
      {},
    );
    expect(own.status).toBe(403);
    const joining = { name: "bo", role: "approver", org: null } as const;
    const bo = await letIn(cloud, joining);
    const release = `/proposals/${asked.body.proposal}/release`;
    const order = ["POST", release, {}] as const;
    const released = await askAtDoor(cloud, bo.token, order);
    expect(released.status).toBe(201);
    expect((await rulesOf(cloud)).inForce).toMatchObject({
      ...{ version: 1, by: "admin" },
    });
  });

  it("are refused with every fault where they cannot be read", async () => {
    await using cloud = await startTestCloud();
    for (const path of ["/rules", "/rules/test"]) {
      const text = "version: 1\nrules: nothing\n";
      const { status, body } = await post(cloud, path, { text });
      expect(status).toBe(400);
      expect(JSON.stringify(body)).toContain("line 2: rules is no list");
    }
  });

  it("see an attacker who is slow, and spare one who comes in a burst", async () => {
    await using days = await openDays();
    const more = "sees: { sensors: [sshd] }";
    const spread = "orgs: 2, spread: { active: 4, of: 24 }";
    await days.on((cloud) => publish(cloud, rule(spread, "for: 1h", more)));
    for (let n = 0; n < 4; n++) {
      await days.on(async (cloud) => {
        const time = days.now();
        const org = n % 2 === 0 ? "one" : "two";
        await days.report(cloud, org, detection(ATTACKER, { time, count: 1 }));
        const burst = { time: time - n * 2 * HOUR, count: 500 };
        for (const each of ["one", "two"]) {
          await days.report(cloud, each, detection("203.0.113.8", burst));
        }
      });
      days.pass(2 * HOUR);
    }
    await days.on(async (cloud) => {
      const decisions = await eventually(async () => {
        const found = await decisionsOf(cloud);
        return found.length > 0 ? found : undefined;
      });
      expect(decisions).toMatchObject([
        {
          targets: [ATTACKER],
          reason:
            "seen by 2 orgs on 2 hosts within 24 h, in 4 of its 24 parts: 4 failures (sshd)",
        },
      ]);
    });
  });

  it("ban longer whoever comes again, and not whom a person let go", async () => {
    await using days = await openDays();
    const growing = "for: 1h, growing: { factor: 4, upTo: 10h }";
    await days.on((cloud) => publish(cloud, rule("orgs: 2", growing)));
    let before = 0;
    const lasting = (): Promise<number> =>
      days.on(async (cloud) => {
        const item = detection(ATTACKER, { time: days.now() });
        await days.report(cloud, "one", item);
        await days.report(cloud, "two", item);
        const until = await eventually(async () => {
          const found = await decisionsOf(cloud);
          return found.length > before ? found[0]?.until : undefined;
        });
        before += 1;
        const lasts = Date.parse(until ?? "") - days.now();
        days.pass(lasts + 60_000);
        return Math.round(lasts / HOUR);
      });
    expect(await lasting()).toBe(1);
    expect(await lasting()).toBe(4);
    expect(await lasting()).toBe(10);
    await days.on(async (cloud) => {
      await cloud.ban(ATTACKER, { for: "1h" });
      await cloud.lift(ATTACKER);
    });
    before += 2;
    expect(await lasting()).toBe(1);
  });

  it("take what a list names for a sign, whatever else a list names", async () => {
    await using cloud = await startTestCloud();
    const listed = "counts: every-host\n    sees: { lists: [bad.txt, other] }";
    await publish(cloud, rule("hosts: 1", "for: 30d", listed));
    using one = await connect(cloud, "one");
    const list = "/api/v1/imports?list=bad.txt&for=1h";
    await cloud.request("POST", list, "203.0.112.0/22\n");
    await one.report(detection("192.0.2.9"), detection(ATTACKER));
    const decisions = await eventually(async () => {
      const found = await decisionsOf(cloud);
      return found.some(({ by }) => by === "rule:mine") ? found : undefined;
    });
    expect(decisions[0]).toMatchObject({ targets: [ATTACKER] });
    expect(decisions[0]?.reason).toMatch(/\(sshd\); on list bad\.txt$/);
    expect(decisions).toHaveLength(2);
  });
});

/** A cloud over days: it is closed while time passes, as its doors watch that. */
async function openDays() {
  const folder = temporaryFolder();
  const dir = join(folder.path, "cloud");
  const founding = { dir, name: "test-cloud", publicUrl: undefined };
  foundCloud({ ...founding, listen: "127.0.0.1:0" }, systemClock);
  const hosts = new Map<string, Enrolled>();
  let ahead = 0;
  const now = (): number => Date.now() + ahead;
  await Promise.resolve();
  return {
    now,
    pass: (ms: number) => {
      ahead += ms;
    },
    on: async <T>(act: (cloud: TestCloud) => Promise<T>): Promise<T> => {
      const clock = { ...systemClock, now };
      await using cloud = await startTestCloud({ dir, clock });
      return await act(cloud);
    },
    report: async (
      cloud: TestCloud,
      org: string,
      item: ReturnType<typeof detection>,
    ): Promise<void> => {
      const who = hosts.get(org) ?? (await cloud.enrol(org));
      hosts.set(org, who);
      using agent = await TestAgent.connect(cloud, who);
      await agent.report(item);
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.resolve();
      folder[Symbol.dispose]();
    },
  };
}
