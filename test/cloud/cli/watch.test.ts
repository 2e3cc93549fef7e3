import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { writeConnection } from "../../../cloud/cli/connection.js";
import { positionAfter, TestAgent } from "../../support/agent/test-agent.js";
import { startTestCloud } from "../../support/cloud/cloud.js";
import { letIn } from "../../support/cloud/people.js";
import { documentsIn, operatorOf, runIn } from "./operator.js";

const ATTACKER = "203.0.113.7";

describe("watching a cloud", () => {
  it("tells what is decided, how it fills up, and how hosts are", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    const web1 = await cloud.enrol("acme", "web1");
    const web2 = await cloud.enrol("acme", "web2");
    using first = await TestAgent.connect(cloud, web1);
    const second = await TestAgent.connect(cloud, web2);
    const watching = run("watch", "--for", "5s");
    await sleep(700);
    await run("ban", ATTACKER, "--reason", "brute force");
    first.sendReceipt(web1, positionAfter(await first.nextSegment()));
    await sleep(1_200);
    second.sendReceipt(web2, positionAfter(await second.nextSegment()));
    await sleep(700);
    second[Symbol.dispose]();
    const { code, out, err } = await watching;
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const lines = out.split("\n").map((line) => line.replace(/^\S+Z /, ""));
    expect(lines[0]).toBe("0 hosts offline, 0 with something wrong");
    const [id = ""] = /dec-\w+/.exec(out) ?? [];
    const news = lines.findIndex((line) =>
      /^dec-\w+ ban 1 range in urgent until \S+ by \S+.*: brute force$/.test(
        line,
      ),
    );
    const half = lines.findIndex((line) =>
      line.startsWith(`${id} held by 1 of 2 hosts after `),
    );
    const whole = lines.findIndex((line) =>
      line.startsWith(`${id} held by 2 of 2 hosts after `),
    );
    expect(lines[half]).toMatch(/ms; 1 missing$/);
    expect([news > 0, news < half, half < whole]).toEqual([true, true, true]);
    expect(lines).toContain("web2 (acme) is offline");
  });

  it("goes through the public door as well, as an org's people see it", async () => {
    await using cloud = await startTestCloud();
    await cloud.enrol("acme", "web1");
    await cloud.enrol("globex", "db1");
    const ann = { name: "ann", role: "viewer", org: "acme" } as const;
    const { token } = await letIn(cloud, ann);
    const dir = join(cloud.dir, "elsewhere");
    writeConnection(dir, { url: cloud.url, ca: undefined }, token);
    const watching = runIn(dir, "watch", "--json", "--for", "2s");
    await sleep(700);
    const { decision } = await cloud.ban(ATTACKER);
    const { code, out } = await watching;
    expect(code).toBe(0);
    expect(documentsIn(out)).toMatchObject([
      { news: { kind: "decided", decision, by: null } },
      { decision: { decision }, must: 1, missing: 1 },
    ]);
    expect(out).not.toContain("globex");
  });

  it("says why it hears nothing", async () => {
    await using cloud = await startTestCloud();
    const dir = join(cloud.dir, "elsewhere");
    writeConnection(dir, { url: cloud.url, ca: undefined }, "nobody's");
    const { code, err } = await runIn(dir, "watch", "--for", "5s");
    expect(err).toContain("you may not listen any more");
    expect(code).toBe(1);
    const nowhere = { url: "http://127.0.0.1:1", ca: undefined };
    writeConnection(dir, nowhere, "nobody's");
    const { code: failed, err: why } = await runIn(dir, "watch", "--for", "5s");
    expect([failed, why]).toEqual([1, expect.stringContaining("ECONNREFUSED")]);
  });
});

const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms));
