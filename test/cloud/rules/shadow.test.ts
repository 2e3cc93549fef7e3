import { join } from "node:path";
import { describe, expect, it, jest } from "@jest/globals";
import { systemClock } from "../../../agent/runtime/clock.js";
import { filesOf } from "../../../cloud/folder.js";
import type { DecisionEvent } from "../../../cloud/journal/decision-events.js";
import { SqliteDecisions } from "../../../cloud/journal/sqlite-decisions.js";
import { foundCloud } from "../../../cloud/setup.js";
import {
  eventually,
  startTestCloud,
  temporaryFolder,
  type TestCloud,
} from "../../support/cloud/cloud.js";
import { detection } from "../telemetry/items.js";
import {
  ATTACKER,
  connect,
  decisionsOf,
  rule,
  rulesOf,
  shadow,
  unacted,
} from "./asking.js";
import { letIn } from "../../support/cloud/people.js";

jest.setTimeout(60_000);

describe("rules in the shadow", () => {
  it("ban nobody, and tell what they would have done", async () => {
    await using cloud = await startTestCloud({ correlation: { orgs: 2 } });
    await shadow(cloud, rule("failures: 1, orgs: 2", "for: 2h"));
    using one = await connect(cloud, "one");
    using two = await connect(cloud, "two");
    for (const source of [ATTACKER, "8.8.8.8"]) {
      await one.report(detection(source));
      await two.report(detection(source));
    }
    await eventually(async () => {
      const { shadow: told } = await rulesOf(cloud);
      return told?.counts[0]?.bans === 2 || undefined;
    });
    const { inForce, shadow: told } = await rulesOf(cloud);
    expect(inForce.version).toBe(0);
    expect(told).toMatchObject({
      ...{ version: 1, rules: ["mine"] },
      counts: [{ rule: "mine", bans: 2, vetoed: 1, stood: 1 }],
    });
    const bans = await cloud.request("GET", "/api/v1/rules/shadow");
    expect(bans.body).toMatchObject({
      items: [
        { attacker: "8.8.8.8", veto: "tier", lasts: 7_200, stood: false },
        { attacker: ATTACKER, veto: null, orgs: 2, hosts: 2, stood: true },
      ],
    });
    const decisions = await decisionsOf(cloud);
    expect(decisions.map(({ by }) => by)).toEqual(["rule:several-orgs"]);
  });

  it("count whom they would have banned once, over a restart as well", async () => {
    using folder = temporaryFolder();
    const dir = join(folder.path, "cloud");
    const founding = { dir, name: "test-cloud", publicUrl: undefined };
    foundCloud({ ...founding, listen: "127.0.0.1:0" }, systemClock);
    {
      await using cloud = await startTestCloud({ dir });
      await shadow(cloud, rule("orgs: 2", "for: 30d"));
      await both(cloud, ATTACKER);
      await countedOf(cloud, 1);
    }
    await using cloud = await startTestCloud({ dir });
    await both(cloud, ATTACKER, "203.0.113.9");
    await countedOf(cloud, 2);
    const ended = await cloud.request("DELETE", "/api/v1/rules/shadow");
    expect(ended).toMatchObject({ status: 200, body: { version: 1 } });
    expect((await rulesOf(cloud)).shadow).toBeNull();
    const again = await cloud.request("DELETE", "/api/v1/rules/shadow");
    expect(again.status).toBe(404);
  });

  it("count nobody once more on what an earlier start counted", async () => {
    using folder = temporaryFolder();
    const dir = join(folder.path, "cloud");
    const founding = { dir, name: "test-cloud", publicUrl: undefined };
    foundCloud({ ...founding, listen: "127.0.0.1:0" }, systemClock);
    const correlation = { orgs: 0 };
    {
      await using cloud = await startTestCloud({ dir, correlation });
      await shadow(cloud, rule("orgs: 2", "for: 1h"));
      await both(cloud, ATTACKER);
      await countedOf(cloud, 1);
    }
    // The ban would be over, and what it would be on is within the window.
    const now = () => Date.now() + 2 * 3_600_000;
    const clock = { ...systemClock, now };
    await using cloud = await startTestCloud({ dir, correlation, clock });
    // Whoever is known is looked at in turns with whom these two see.
    const markers = ["203.0.113.20", "203.0.113.30", "203.0.113.40"];
    for (const marker of markers) {
      await both(cloud, marker);
      await eventually(async () => {
        return (await shadowedOf(cloud)).includes(marker) || undefined;
      });
    }
    const shadowed = await shadowedOf(cloud);
    expect(shadowed.sort()).toEqual([...markers, ATTACKER].sort());
  });

  it("write little of it down, however much that is, and all of the counts", async () => {
    using folder = temporaryFolder();
    const dir = join(folder.path, "cloud");
    const founding = { dir, name: "test-cloud", publicUrl: undefined };
    foundCloud({ ...founding, listen: "127.0.0.1:0" }, systemClock);
    const correlation = { orgs: 0 };
    const all = Array.from({ length: 300 }, (_, n) =>
      detection(`203.0.${n >> 8}.${n & 255}`),
    );
    {
      await using cloud = await startTestCloud({ dir, correlation });
      await shadow(cloud, rule("hosts: 1", "for: 1h", "counts: every-host"));
      using one = await connect(cloud, "one");
      for (let at = 0; at < all.length; at += 50) {
        await one.report(...all.slice(at, at + 50));
      }
      await eventually(async () => {
        const { shadow: told } = await rulesOf(cloud);
        return told?.counts[0]?.bans === 300 || undefined;
      });
    }
    using log = SqliteDecisions.open(filesOf(dir).decisions, systemClock);
    const rows = await log.rowsAfter(0, 10_000);
    const told = rows
      .map(({ body }) => JSON.parse(body ?? "{}") as DecisionEvent)
      .filter((event) => event.kind === "shadowed");
    // One at once, one when the cloud ends; each with the newest hundred.
    expect(told.length).toBeLessThanOrEqual(2);
    const sum = told.flatMap(({ counts }) => counts.map(({ bans }) => bans));
    expect(sum.reduce((total, each) => total + each, 0)).toBe(300);
    for (const { bans } of told) expect(bans.length).toBeLessThanOrEqual(100);
    await using cloud = await startTestCloud({ dir, correlation });
    expect((await rulesOf(cloud)).shadow?.counts).toEqual([
      { rule: "mine", bans: 300, vetoed: 0, stood: 0 },
    ]);
  });
});

async function both(cloud: TestCloud, ...sources: string[]): Promise<void> {
  using one = await connect(cloud, "one");
  using two = await connect(cloud, "two");
  await one.report(...sources.map((each) => detection(each)));
  await two.report(...sources.map((each) => detection(each)));
}

async function shadowedOf(cloud: TestCloud): Promise<string[]> {
  type Answer = { items: { attacker: string }[] };
  const path = "/api/v1/rules/shadow";
  const { body } = await cloud.request<Answer>("GET", path);
  return body.items.map(({ attacker }) => attacker);
}

const countedOf = (cloud: TestCloud, bans: number) =>
  eventually(async () => {
    const { shadow: told } = await rulesOf(cloud);
    return told?.counts[0]?.bans === bans || undefined;
  });

describe("detections that no rule acted on", () => {
  it("are those of which no ban and no proposal came", async () => {
    await using cloud = await startTestCloud();
    using one = await connect(cloud, "one");
    using two = await connect(cloud, "two");
    const alone = "203.0.113.50";
    await one.report(detection(alone), detection(ATTACKER));
    await two.report(detection(ATTACKER), detection("8.8.4.4"));
    await one.report(detection("8.8.4.4"), detection("not an address"));
    await eventually(async () => {
      const sources = (await unacted(cloud)).map(({ source }) => source);
      return sources.length === 2 ? sources : undefined;
    });
    const left = (await unacted(cloud)).map(({ source }) => source);
    expect(left).toEqual(["not an address", alone]);
    // Of the two that were acted on, an org's people may know of the ban alone.
    const joining = { name: "of two", role: "viewer", org: "two" } as const;
    const { token } = await letIn(cloud, joining);
    const told = await unacted(cloud, token);
    expect(told.map(({ source }) => source)).toEqual(["8.8.4.4"]);
    await cloud.lift(ATTACKER);
    expect(await unacted(cloud)).toHaveLength(2);
    await one.report(detection(ATTACKER));
    const [newest] = await unacted(cloud);
    expect(newest?.source).toBe(ATTACKER);
  });
});
