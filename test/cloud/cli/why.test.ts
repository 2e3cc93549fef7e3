import { describe, expect, it } from "@jest/globals";
import type { WhyTold } from "../../../cloud/cli/ask-coverage.js";
import { positionAfter, TestAgent } from "../../support/agent/test-agent.js";
import { eventually, startTestCloud } from "../../support/cloud/cloud.js";
import { askAtDoor, letIn } from "../../support/cloud/people.js";
import { detection, hits } from "../telemetry/items.js";
import { listOf, operatorOf } from "./operator.js";

const ATTACKER = "203.0.113.7";

describe("why an address is banned", () => {
  it("is told with bans, decisions, lists, hits, sightings and guards", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    const web1 = await cloud.enrol("acme", "web1");
    const db1 = await cloud.enrol("globex", "db1");
    using one = await TestAgent.connect(cloud, web1);
    using other = await TestAgent.connect(cloud, db1);
    await one.report(detection(ATTACKER), hits(ATTACKER));
    await other.report(detection(ATTACKER));
    const segment = await one.nextSegment();
    one.sendReceipt(web1, positionAfter(segment));
    const held = [{ range: ATTACKER, rule: "live-session" }];
    other.sendReceipt(db1, positionAfter(await other.nextSegment()), {
      ...{ banned: 0, heldTotal: 1, held },
    });
    using list = listOf("203.0.113.0/24", "198.18.10.1");
    await run("import", list.path, "--name", "drop", "--reason", "a list");

    const { out, code } = await eventually(async () => {
      const ran = await run("why", ATTACKER);
      const isAll = ["live-session holds", "drop", "held by 0 of 2"];
      return isAll.every((part) => ran.out.includes(part)) ? ran : undefined;
    });
    expect(code).toBe(0);
    expect(out).toContain(`${ATTACKER}: 2 bans`);
    expect(out).toMatch(/203\.0\.113\.0\/24 banned in reputation until \S+/);
    expect(out).toMatch(
      /decided by rule:\S+, \S+Z \(dec-\w+\), on 2 reports of hosts, \d+ % sure/,
    );
    expect(out).toContain("held by 1 of 2 hosts\n  live-session holds it on 1");
    expect(out).toMatch(/drop +reputation +203\.0\.113\.0\/24 /);
    expect(out).toMatch(/acme +10 +600 +0 +203\.0\.113\.7 /);
    expect(out).toMatch(/acme +1 +\d+ +\d hosts? /);
    expect(out).toMatch(/globex +live-session +1 /);

    const contest = ["contest", "open", ATTACKER, "--why", "we are a clinic"];
    const opened = await run(...contest, "--contact", "it@clinic.example");
    expect(opened.code).toBe(0);
    expect((await run("why", ATTACKER)).out).toMatch(
      /contested:\ncontest +opened .*\ncon-\w+ +\S+Z +waits until \S+Z/,
    );

    const ann = { name: "ann", role: "viewer", org: "globex" } as const;
    const { token } = await letIn(cloud, ann);
    const asked = ["GET", `/why?range=${ATTACKER}`] as const;
    const { body } = await askAtDoor<WhyTold>(cloud, token, asked);
    expect(JSON.stringify(body)).not.toContain("acme");
    expect(body.contests).toEqual([]);
    expect(body.hits).toEqual([]);
    expect(body.guarded).toMatchObject([{ org: "globex", hosts: 1 }]);
    expect(body.bans.map(({ evidence }) => evidence)).toEqual([0, 0]);
    expect(body.bans[1]).toMatchObject({ coverage: { must: 1, holding: 0 } });
  });

  it("says that it is not", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    const { out, code } = await run("why", ATTACKER);
    expect(out).toBe(
      `${ATTACKER} is not banned in any feed, nor is anything in it`,
    );
    expect(code).toBe(0);
    expect((await run("why", "nonsense")).code).toBe(2);
  });
});
