import { describe, expect, it } from "@jest/globals";
import { eventually, startTestCloud } from "../../support/cloud/cloud.js";
import { TestAgent } from "../../support/agent/test-agent.js";
import { detection, hits } from "../telemetry/items.js";
import { operatorOf } from "./operator.js";

describe("attackers", () => {
  it("are listed one by one, by a query, and by what they share", async () => {
    await using cloud = await startTestCloud();
    for (const org of ["one", "two"]) {
      const who = await cloud.enrol(org, `web-${org}`);
      using agent = await TestAgent.connect(cloud, who);
      await agent.report(detection("203.0.113.7"));
      if (org === "two") await agent.report(hits("198.51.100.1"));
    }
    const run = operatorOf(cloud);
    const out = async (...words: readonly string[]) =>
      (await run("attackers", ...words)).out;
    const isKnown = (text: string) => /198\.51\.100\.1 .* 10 .* no/.test(text);
    await eventually(async () => isKnown(await out()) || undefined);
    expect(await out("orgs:>1")).toMatch(/203\.0\.113\.7 +2 +2 /);
    expect(await out("orgs:>1")).not.toContain("198.51.100.1");
    expect(await out("orgs:>5")).toBe("no attacker is like that");
    expect(await out("--by", "org", "--sort", "attackers")).toMatch(
      /two +2 [^]*one +1 /,
    );
    const lines = (await out("--json", "--limit", "1")).trim().split("\n");
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      { attackers: 1, banned: null },
    ]);
    expect(await out("orgs:>2", "--explain")).toBe(
      "attackers seen by more than 2 orgs",
    );
  });

  it("say what may not be asked", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    const wrong = await run("attackers", "org:<3");
    expect(wrong).toMatchObject({ code: 2, out: "" });
    expect((await run("attackers", "--by", "name")).code).toBe(2);
    expect((await run("attackers", "--sort", "age")).code).toBe(2);
  });
});
