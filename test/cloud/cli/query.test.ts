import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { startTestCloud, type TestCloud } from "../../support/cloud/cloud.js";
import { operatorOf } from "./operator.js";

describe("a query on the command line", () => {
  let cloud: TestCloud;

  beforeAll(async () => {
    cloud = await startTestCloud();
    await cloud.enrol("acme", "web1");
    await cloud.enrol("acme", "db1");
    await cloud.enrol("globex", "web9");
    const run = operatorOf(cloud);
    const long = ["--for", "30d", "--reason", "a known scanner"];
    expect((await run("ban", "203.0.113.7", "--for", "1h")).code).toBe(0);
    expect((await run("ban", "198.51.100.9", ...long)).code).toBe(0);
  });

  afterAll(() => cloud[Symbol.asyncDispose]());

  const namesIn = (text: string) => text.match(/\b(web|db)\d\b/g);

  it("finds hosts, decisions and bans", async () => {
    const run = operatorOf(cloud);
    const hosts = await run("agents", "org:acme", "host:web*");
    expect(namesIn(hosts.out)).toEqual(["web1"]);
    const others = await run("agents", "not", "org:acme");
    expect(namesIn(others.out)).toEqual(["web9"]);
    const decided = await run("decisions", "reason:a known scanner");
    expect(decided.out).toContain("198.51.100.9");
    expect(decided.out).not.toContain("203.0.113.7");
    const soon = await run("bans", "until:<2h");
    expect(soon.out).toContain("203.0.113.7");
    expect(soon.out).not.toContain("198.51.100.9");
    const none = await run("bans", "reason:flood");
    expect(none.out).toContain("no ban in any feed is like that");
    const range = await run("bans", "203.0.113.0/24");
    expect(range.out).toContain("203.0.113.7");
  });

  it("finds calls and contests", async () => {
    const run = operatorOf(cloud);
    const called = await run("audit", "operation:ban", "why:*scanner*");
    expect(called.out).toContain("why     a known scanner");
    expect(called.out.match(/^ +what /gm)).toHaveLength(1);
    const nobody = await run("audit", "not", "operation:*");
    expect(nobody.out).toContain("nobody changed anything of that kind");
    const both = await run("audit", "--verify", "operation:ban");
    expect(both.code).toBe(2);
    const why = ["--why", "that is our own office"];
    const opened = await run("contest", "open", "203.0.113.7", ...why);
    expect(opened.code).toBe(0);
    const own = await run("contest", "list", "why:*office*");
    expect(own.out).toContain("203.0.113.7");
    const none = await run("contest", "list", "why:*school*");
    expect(none.out).toContain("no contest is like that");
  });

  it("may be one word", async () => {
    const run = operatorOf(cloud);
    const told = async (...words: readonly string[]) =>
      (await run(...words, "--explain")).out.trim();
    expect(await told("agents", "org:acme -mode:observe lastseen:<1h")).toBe(
      "hosts of acme that do not observe, seen within the last hour",
    );
    expect(await told("bans", "reason:see https://example.org/1 here")).toBe(
      "bans whose reason is “see https://example.org/1 here”",
    );
    expect(await told("bans", "203.0.113.7")).toBe(
      "bans that meet 203.0.113.7",
    );
    const wrong = await run("agents", "org:acme mood:x");
    expect(wrong.code).toBe(2);
  });

  it("is marked where it is none", async () => {
    const { code, err } = await operatorOf(cloud)(
      "agents",
      "org:acme",
      "mood:x",
    );
    expect(code).toBe(2);
    expect(err).toMatch(/\n +org:acme mood:x\n {11,}\^+/);
  });

  it("is explained without asking anything", async () => {
    const run = operatorOf(cloud);
    const told = await run(
      "agents",
      "org:acme",
      "not",
      "mode:enforce",
      "--explain",
    );
    expect(told.code).toBe(0);
    expect(told.out).toMatch(/hosts.* of acme.*that do not enforce/);
    for (const [list, word] of [
      ["decisions", "by:ann"],
      ["bans", "reason:ssh"],
      ["proposals", "state:open"],
      ["detections", "org:acme"],
      ["audit", "operation:ban"],
      ["contest list", "state:open"],
    ] as const) {
      const { code, out } = await run(...list.split(" "), word, "--explain");
      expect([list, code]).toEqual([list, 0]);
      expect(out.trim()).not.toBe("");
    }
  });
});
