import { describe, expect, it } from "@jest/globals";
import { positionAfter, TestAgent } from "../../support/agent/test-agent.js";
import { eventually, startTestCloud } from "../../support/cloud/cloud.js";
import { detection } from "../telemetry/items.js";
import { documentsIn, operatorOf, type Ran } from "./operator.js";

const ATTACKER = "203.0.113.7";

describe("the hosts that a decision is for", () => {
  it("are waited for, and those that are missing are named", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    const web1 = await cloud.enrol("acme", "web1");
    const web2 = await cloud.enrol("acme", "web2");
    const gone = await TestAgent.connect(cloud, web1);
    gone[Symbol.dispose]();
    using agent = await TestAgent.connect(cloud, web2);
    const banning = run("ban", ATTACKER, "--wait", "500ms");
    const at = positionAfter(await agent.nextSegment());
    agent.sendReceipt(web2, at);
    const { code, out, err } = await banning;
    expect(out).toMatch(/web1 +agt-\w+ +not reached: offline for \d+ s, since/);
    expect(out).toMatch(/web2 +agt-\w+ +in force +1\.5/);
    expect(err).toMatch(
      /in force on 1 of 2 hosts; missing: web1 \(offline since \S+\)$/,
    );
    expect(code).toBe(3);

    agent.sendReceipt(web2, at, { mode: "observe" });
    const told = await untilTold(run, idIn(out), "observed only");
    expect(told.code).toBe(0);
    expect(told.out).toContain("in force on 0 of 2 hosts; missing: web1");
  });

  it("count as none where nobody follows the feed", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    await cloud.enrol("acme", "web1");
    await cloud.addOrg("other");
    const ban = ["ban", ATTACKER, "--feed", "org/other"];
    const { code, err } = await run(...ban, "--wait");
    expect(err).toContain("no host follows org/other yet");
    expect(code).toBe(1);
  });

  it("say which rule holds a ban, and how many of them", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    const who = await cloud.enrol("acme", "web1");
    using agent = await TestAgent.connect(cloud, who);
    const banning = run("ban", "8.8.8.8", "--wait");
    const held = [{ range: "8.8.8.8", rule: "public-resolver" }];
    const at = positionAfter(await agent.nextSegment());
    agent.sendReceipt(who, at, { banned: 0, heldTotal: 1, held });
    const { code, out, err } = await banning;
    expect(out).toMatch(/web1 +agt-\w+ +held by public-resolver +1\.5/);
    expect(err).toContain("missing: web1 (held by public-resolver)");
    expect(code).toBe(1);

    const both = run("ban", ATTACKER, "8.8.4.4", "--wait");
    const next = positionAfter(await agent.nextSegment());
    const one = [{ range: "8.8.4.4", rule: "public-resolver" }];
    agent.sendReceipt(who, next, { heldTotal: 1, held: one });
    const part = await both;
    expect(part.out).toContain("in force in part; held by public-resolver");
    const receipts = await run("receipts", "--decision", idIn(part.out));
    expect(receipts.out).toMatch(
      / web1 agt-\w+ urgent@3 .* held 1 \(public-resolver\)/,
    );
    expect(receipts.out.split("\n")).toHaveLength(1);
  });

  it("carry out what hosts enforce though usual ones would not", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    const who = await cloud.enrol("acme", "web1");
    using agent = await TestAgent.connect(cloud, who);
    const banning = run("ban", "10.1.2.3", "--wait");
    agent.sendReceipt(who, positionAfter(await agent.nextSegment()));
    expect(await banning).toMatchObject({
      code: 0,
      err: expect.stringContaining("private-range"),
    });
  });

  it("say what they refuse, and that they try a change or took it back", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    const who = await cloud.enrol("acme", "web1");
    using agent = await TestAgent.connect(cloud, who);
    const first = idIn((await run("ban", ATTACKER)).out);
    const at = positionAfter(await agent.nextSegment());
    const refusal = {
      code: "not-recorded",
      detail: "the disk is full",
    } as const;
    agent.send({ type: "refusal", feed: "urgent", ...refusal });
    await untilTold(run, first, "refused: not-recorded: the disk is full");

    const until = Date.now() + 60_000;
    agent.sendReceipt(who, at, { trial: { bans: 1, until } });
    await untilTold(run, first, "on trial until");
    await agent.report({
      ...{ kind: "health", time: Date.now() + 5, code: "change-taken-back" },
      ...{ severity: "high", state: "happened" },
      text: "1 bans of urgent: the gateway does not answer",
    });
    await untilTold(run, first, "taken back: 1 bans of urgent: the gateway");

    const second = idIn((await run("ban", "203.0.113.8")).out);
    const next = positionAfter(await agent.nextSegment());
    agent.sendReceipt(who, next, { trial: { bans: 1, until: Date.now() - 1 } });
    await untilTold(run, second, "in force");
  });

  it("of a lift answer as well", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    const who = await cloud.enrol("acme", "web1");
    using agent = await TestAgent.connect(cloud, who);
    await run("ban", ATTACKER);
    await agent.nextSegment();
    const lifting = run("lift", ATTACKER, "--wait");
    const at = positionAfter(await agent.nextSegment());
    agent.sendReceipt(who, at, { banned: 0, lifted: 1 });
    const { code, out } = await lifting;
    expect(out).toContain("lifted on 1 of 1 host");
    expect(code).toBe(0);
    const banned = await run("decisions", "--json");
    const ids = documentsIn<{ decision: string }>(banned.out);
    const earlier = await run("decision", ids[1]?.decision ?? "");
    expect(earlier.out).toContain("taken in; its receipt is of a later change");
  });

  it("are not taken for a range by who waits in the middle of a line", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    const { out } = await run("ban", "--wait", ATTACKER, "--json");
    expect(JSON.parse(out)).toMatchObject({
      effects: [{ range: ATTACKER }],
      hosts: [],
    });
    expect(await run("ban", ATTACKER, "--wait", "soon")).toMatchObject({
      code: 2,
    });
  });
});

describe("a rule's decision", () => {
  it("shows the detections that it was decided on", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    for (const org of ["one", "two"]) {
      const who = await cloud.enrol(org, `${org}.example`);
      using agent = await TestAgent.connect(cloud, who);
      const other = org === "one" ? "198.51.100.9" : "198.51.100.10";
      await agent.report(detection(ATTACKER), detection(other));
    }
    const id = await eventually(async () => {
      const { out } = await run("decisions", "--json");
      const all = documentsIn<{ decision: string; by: string }>(out);
      return all.find(({ by }) => by.startsWith("rule:"))?.decision;
    });
    const { out } = await run("decision", id);
    expect(out).toContain("decided on what these hosts saw:");
    const rows = out.split("\n").filter((line) => line.includes("sshd"));
    expect(rows.filter((row) => row.includes(ATTACKER)).length).toBeGreaterThan(
      1,
    );
    expect(out).not.toContain("198.51.100.9");
    const cut = await run("detections", "--limit", "3");
    expect(cut.out).toContain("the first 3 rows; --limit shows more");
    const all = await run("detections", "--agent", "one.example", "--json");
    expect(all.out.split("\n")).toHaveLength(2);
  });
});

describe("the list of agents", () => {
  it("shows offline hosts first, and what is wrong in words", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    const web1 = await cloud.enrol("acme", "web1");
    await cloud.enrol("other", "db1");
    using agent = await TestAgent.connect(cloud, web1);
    await agent.report({
      ...{ kind: "health", time: Date.now(), code: "observing" },
      ...{ severity: "medium", state: "raised", text: "it drops nothing" },
    });
    const all = (await run("agents")).out;
    expect(all).toMatch(/never connected +db1 [^]*connected +web1/);
    expect(all).toMatch(
      /web1: observing \(medium\) since \S+: it drops nothing/,
    );
    expect((await run("agents", "--offline")).out).not.toContain("web1");
    expect((await run("agents", "--unhealthy")).out).not.toContain("db1");
    expect((await run("agents", "--org", "other")).out).not.toContain("web1");
    const json = await run("agents", "--json", "--org", "acme");
    const { lastSeen } = JSON.parse(json.out) as { lastSeen: string };
    expect(Date.now() - Date.parse(lastSeen)).toBeLessThan(60_000);

    agent[Symbol.dispose]();
    await eventually(async () =>
      (await run("agents")).out.includes("offline for") ? true : undefined,
    );
  });

  it("knows hosts by their names where these are unique", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    await cloud.enrol("acme", "web1");
    const [first, second] = [
      await cloud.enrol("acme", "twin"),
      await cloud.enrol("acme", "twin"),
    ];
    expect(await run("revoke", "web2")).toMatchObject({
      code: 2,
      err: "tourniquet-cloud: no agent with id or host name web2",
    });
    const twins = await run("revoke", "twin");
    expect(twins.code).toBe(2);
    expect(twins.err).toContain("2 agents run on hosts named twin");
    expect(twins.err).toContain(second.agent);
    const revoked = await run("revoke", "web1");
    expect(revoked.out).toMatch(/^web1 \(agt-\w+\) is revoked/);
    await run("revoke", first.agent);
    expect(await run("contacts", "--agent", "twin")).toMatchObject({ code: 0 });
    expect(await run("receipts", "--agent", "nope")).toMatchObject({ code: 2 });
  });

  it("tags hosts, and lists those that have a tag", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    const { agent } = await cloud.enrol("acme", "web1");
    await cloud.enrol("acme", "db1");
    const tagged = await run("agents", "tag", "web1", "web", "production");
    expect(tagged.out).toBe(`web1 (${agent}) is tagged production, web`);
    const { out } = await run("agents", "--tag", "web");
    expect(out).toMatch(/web1 .* production web /);
    expect(out).not.toContain("db1");
    const wrong = await run("agents", "tag", "web1", "Web 1");
    expect(wrong).toMatchObject({ code: 2 });
    expect(wrong.err).toContain("is no tag: 1 to 32 of a-z, 0-9 and -");
    await run("agents", "tag", "web1");
    const none = await run("agents", "--tag", "web");
    expect(none.out).toBe("no agent is like that");
  });

  it("forgets who was revoked, and nobody who may come back", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    const { agent } = await cloud.enrol("acme", "web1");
    const early = await run("agents", "forget", "web1");
    expect(early).toMatchObject({ code: 2 });
    expect(early.err).toContain("revoke it first");
    await run("revoke", "web1");
    expect(await run("agents", "forget", "web1")).toMatchObject({
      code: 0,
      out: `${agent} is forgotten, and trusted no more; the journal keeps it`,
    });
    expect((await run("agents")).out).toBe("no agent is enrolled");
  });
});

const idIn = (out: string): string => /dec-\w+/.exec(out)?.[0] ?? "";

const untilTold = (
  run: (...args: string[]) => Promise<Ran>,
  decision: string,
  what: string,
): Promise<Ran> =>
  eventually(async () => {
    const ran = await run("decision", decision);
    return ran.out.includes(what) ? ran : undefined;
  });
