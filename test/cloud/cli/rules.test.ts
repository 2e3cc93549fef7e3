import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, jest } from "@jest/globals";
import type { DecisionItem } from "../../../cloud/cli/ask-decisions.js";
import type { TrialItem } from "../../../cloud/cli/ask-rules.js";
import { TestAgent } from "../../support/agent/test-agent.js";
import {
  eventually,
  startTestCloud,
  temporaryFolder,
  type TestCloud,
} from "../../support/cloud/cloud.js";
import { letIn } from "../../support/cloud/people.js";
import { detection } from "../telemetry/items.js";
import { documentsIn, operatorOf, runIn } from "./operator.js";

jest.setTimeout(60_000);

const RULES = `version: 1
rules:
  - name: mine
    within: 24h
    needs: { orgs: 2 }
    ban: { for: 1h }
`;

const ATTACKER = "203.0.113.7";

describe("tourniquet-cloud rules check", () => {
  it("needs no cloud, and names line, field and value of all that is wrong", async () => {
    using folder = temporaryFolder();
    const file = join(folder.path, "rules.yaml");
    writeFileSync(file, RULES);
    const good = await runIn(folder.path, "rules", "check", file);
    expect(good).toMatchObject({ code: 0, err: "" });
    expect(good.out).toBe(`${file}: 1 rule, and nothing is wrong`);

    writeFileSync(file, RULES.replace("1h", "soon").replace("orgs", "ogs"));
    const bad = await runIn(folder.path, "rules", "check", file);
    expect(bad).toMatchObject({
      code: 2,
      err: `tourniquet-cloud: ${file}: 2 things to mend`,
    });
    expect(bad.out.split("\n")).toEqual([
      "line 5: rules[0].needs.ogs is not known here",
      'line 6: rules[0].ban.for is no duration, such as "10m", "4h" or "7d": "soon"',
    ]);
    const json = await runIn(folder.path, "rules", "check", file, "--json");
    expect(documentsIn(json.out)).toMatchObject([
      { line: 5, field: "rules[0].needs.ogs" },
      { line: 6, field: "rules[0].ban.for", value: '"soon"' },
    ]);
    const gone = await runIn(folder.path, "rules", "check", `${file}.gone`);
    expect(gone.code).toBe(2);
    expect(gone.err).toContain("there is no such file");
  });
});

describe("tourniquet-cloud rules", () => {
  it("tries, watches and publishes a file, and goes back to an earlier one", async () => {
    await using stage = await openStage();
    const { run, file } = stage;
    expect((await run("rules")).out).toContain(
      "in force: version 0 (from cloud.json): several-orgs",
    );
    await stage.bothSee(ATTACKER);
    const test = await run("rules", "test", file);
    expect(test.out).toContain("2 detections of 1 attacker");
    expect(test.out).toContain(
      "version 0, which is in force: 1 attackers by both",
    );
    const [trial] = documentsIn<TrialItem>(
      (await run("rules", "test", file, "--json")).out,
    );
    expect(trial).toMatchObject({ total: 1, bans: [{ range: ATTACKER }] });

    expect((await run("rules", "shadow", file)).out).toMatch(
      /^version 1 is watched/,
    );
    await stage.bothSee("203.0.113.8");
    await eventually(async () => {
      const { out } = await run("rules", "shadow");
      return out.includes("203.0.113.8") || undefined;
    });
    expect((await run("rules")).out).toMatch(/in shadow: version 1 .*mine/);

    expect(await run("rules", "publish", file)).toMatchObject({
      ...{ code: 0, out: "version 2 decides" },
    });
    const rules = await run("rules");
    expect(rules.out).toContain("in shadow: none");
    expect(rules.out).toMatch(
      /in force: version 2 \(published by admin, .*mine/,
    );
    expect((await run("rules", "show")).out).toBe(RULES.trimEnd());
    writeFileSync(file, (await run("rules", "show", "0")).out);
    expect((await run("rules", "publish", file)).out).toBe("version 3 decides");
    const versions = documentsIn(
      (await run("rules", "versions", "--json")).out,
    );
    expect(versions).toMatchObject([
      { version: 3, mode: "in-force", endedAt: null },
      { version: 2, mode: "in-force", endedAt: expect.any(String) },
      { version: 1, mode: "shadow", endedAt: expect.any(String) },
    ]);
    expect(await run("rules", "shadow", "--end")).toMatchObject({ code: 2 });
  });

  it("waits for a second person, and refuses a file that cannot be read", async () => {
    await using stage = await openStage({ twoPersons: { flows: null } });
    const { run, file, cloud } = stage;
    const { token } = await letIn(cloud, { name: "bo", role: "approver" });
    const waits = await run("rules", "publish", file);
    expect(waits.code).toBe(4);
    expect(waits.out).toContain("takes two persons: it changes who is banned");
    const [id = ""] = /prp-\w+/.exec(waits.out) ?? [];
    const shown = await run("proposals", "show", id);
    expect(shown.out).toContain("have 1 rule decide (mine)");
    expect(shown.out).toContain("needs: { orgs: 2 }");
    stage.become(token);
    expect((await run("proposals", "release", id)).out).toMatch(
      /^released prp-\w+ \(have 1 rule decide/,
    );
    expect((await run("rules")).out).toContain("version 1 (published by admin");
    writeFileSync(file, "rules: [");
    const wrong = await run("rules", "publish", file);
    expect(wrong.code).toBe(2);
    expect(wrong.err).toContain("line 1");
  });

  it("leaves to detections --unacted what none acted on, and to decision how sure one was", async () => {
    await using stage = await openStage();
    const { run } = stage;
    await stage.oneSees("203.0.113.50");
    await stage.bothSee(ATTACKER);
    const unacted = await run("detections", "--unacted");
    expect(unacted.out).toContain("203.0.113.50");
    expect(unacted.out).not.toContain(ATTACKER);
    expect((await run("detections")).out).toContain(ATTACKER);
    const [decision] = documentsIn<DecisionItem>(
      (await run("decisions", "--json")).out,
    );
    const told = await run("decision", decision?.decision ?? "");
    expect(told.out).toContain("sure: 75 %, by the built-in rules");
    expect(told.out).toContain("decided on what these hosts saw:");
  });
});

async function openStage(options: Parameters<typeof startTestCloud>[0] = {}) {
  const folder = temporaryFolder();
  const cloud = await startTestCloud(options);
  const file = join(folder.path, "rules.yaml");
  writeFileSync(file, RULES);
  const see = async (org: string, source: string): Promise<void> => {
    using agent = await TestAgent.connect(cloud, await cloud.enrol(org));
    await agent.report(detection(source));
  };
  const token = join(cloud.dir, "operator.token");
  return {
    ...{ cloud, file, run: operatorOf(cloud) },
    become: (secret: string) => {
      writeFileSync(token, `${secret}\n`);
    },
    oneSees: (source: string) => see("one", source),
    /** And a rule that is in force bans it. */
    bothSee: async (source: string) => {
      await see("one", source);
      await see("two", source);
      await eventually(async () => {
        const { items } = await decisionsOf(cloud);
        return items.some(({ targets }) => targets[0] === source) || undefined;
      });
    },
    [Symbol.asyncDispose]: async () => {
      await cloud[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

async function decisionsOf(cloud: TestCloud) {
  type Answer = { items: DecisionItem[] };
  return (await cloud.request<Answer>("GET", "/api/v1/decisions")).body;
}
