import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, jest } from "@jest/globals";
import type { UndoTold } from "../../../cloud/cli/ask-undo.js";
import { startTestCloud, type TestCloud } from "../../support/cloud/cloud.js";
import { letIn } from "../../support/cloud/people.js";
import { documentsIn, listOf, operatorOf } from "./operator.js";

jest.setTimeout(60_000);

const decisionIn = (out: string): string => /dec-\w+/.exec(out)?.[0] ?? "";

describe("undo", () => {
  it("says what it took back, and decision says so as well", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    const decision = decisionIn((await run("ban", "203.0.113.7")).out);
    const why = ["--reason", "a customer's proxy"];
    const dry = await run("undo", decision, ...why, "--dry-run");
    expect(dry).toMatchObject({ code: 0, err: "" });
    expect(dry.out).toBe(
      `would undo ${decision}: 1 range lifted; nothing was done`,
    );
    const undone = await run("undo", decision, ...why, "--wrong");
    expect(undone).toMatchObject({ code: 0, err: "" });
    expect(undone.out).toMatch(
      /^undid dec-\w+ \(dec-\w+, urgent is at 2\), and found it wrong: 1 range lifted$/,
    );
    expect((await run("bans")).out).toBe("nothing is banned in any feed");

    const [, made = ""] = undone.out.match(/dec-\w+/g) ?? [];
    const told = (await run("decision", decision)).out;
    expect(told).toMatch(
      new RegExp(
        `undone \\S+ by admin, in ${made}, found wrong, 1 range lifted: a customer's proxy`,
      ),
    );
    expect((await run("decision", made)).out).toContain(
      `it undoes ${decision}`,
    );
    expect((await run("audit")).out).toContain(`undid ${decision}`);
  });

  it("takes back a whole list, and names what stays", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    using list = listOf("198.51.100.1", "198.51.100.2", "198.51.100.3");
    const imported = decisionIn((await run("import", list.path)).out);
    const more = ["--feed", "reputation", "--for", "9d"];
    const later = decisionIn((await run("ban", "198.51.100.2", ...more)).out);
    const undone = await run("undo", imported, "--reason", "an old list");
    expect(undone.code).toBe(3);
    expect(undone.out.split("\n")).toEqual([
      expect.stringMatching(/: 2 ranges lifted, 1 range decided on since$/),
      `stays: 1 range decided on since by admin (${later})`,
    ]);
    expect((await run("bans", "--json")).out).toContain("198.51.100.2");
    const again = await run("undo", imported, "--reason", "an old list");
    expect(again).toMatchObject({ code: 1 });
    expect(again.err).toContain("nothing changed");
  });

  it("tells what is banned again, and until when", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    await run("ban", "203.0.113.7", "--for", "1h");
    const longer = decisionIn((await run("ban", "203.0.113.7")).out);
    const { out } = await run("undo", longer, "--reason", "too long");
    expect(out).toMatch(/1 range as before again/);
    expect(out).toMatch(/^203\.0\.113\.7: banned until \S+ as before$/m);
    const json = await run("undo", longer, "--reason", "once more", "--json");
    expect(documentsIn<UndoTold>(json.out)).toMatchObject([
      { undoes: longer, decision: null, counts: { changed: 1, lifted: 0 } },
    ]);
  });

  it("needs a reason, and a decision that is there", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    expect(await run("undo", "dec-0")).toMatchObject({ code: 2 });
    const missing = await run("undo", "dec-0", "--reason", "none");
    expect(missing).toMatchObject({
      code: 2,
      err: expect.stringContaining("there is no decision dec-0"),
    });
  });

  it("is an org's people's in their own feed, and of others' no word", async () => {
    await using cloud = await startTestCloud();
    await cloud.addOrg("acme");
    const ours = await cloud.ban("203.0.113.7", { feed: "org/acme" });
    const theirs = await cloud.ban("203.0.113.8");
    const run = await asAnalyst(cloud, "acme");
    const why = ["--reason", "ours"];
    expect(await run("undo", ours.decision, ...why)).toMatchObject({ code: 0 });
    expect(await run("undo", theirs.decision, ...why)).toMatchObject({
      ...{ code: 2, err: expect.stringContaining("there is no decision") },
    });
    const { out } = await run("decision", ours.decision);
    expect(out).toContain("by cy, in dec-");
  });
});

async function asAnalyst(cloud: TestCloud, org: string) {
  const who = { name: "cy", role: "analyst", org } as const;
  const { token } = await letIn(cloud, who);
  const run = operatorOf(cloud);
  writeFileSync(join(cloud.dir, "operator.token"), `${token}\n`);
  return run;
}
