import { describe, expect, it } from "@jest/globals";
import { Drops } from "../../../cloud/log/drops.js";
import { sparingly } from "../../../cloud/log/sparing-logger.js";
import { RecordingLogger } from "../../support/agent/recording-logger.js";
import { TestAgent } from "../../support/agent/test-agent.js";
import { eventually, startTestCloud } from "../../support/cloud/cloud.js";
import { revoke } from "../../support/cloud/people.js";
import { ManualClock } from "../../support/time/clock.js";

describe("the cloud's log", () => {
  it("says each decision once, with who, where and why", async () => {
    const log = new RecordingLogger();
    await using cloud = await startTestCloud({ log });
    await cloud.ban("203.0.113.7", { reason: "ssh brute force" });
    await cloud.lift("203.0.113.7");
    await cloud.request("POST", "/api/v1/imports", "10.0.0.1\n10.0.0.2");
    const who = await cloud.enrol();
    await revoke(cloud, who.agent);
    const audit = log.lines.filter((line) => AUDIT.test(line));
    expect(audit).toEqual([
      "info: banned",
      "info: lifted",
      "info: imported",
      "info: an enrolment token was made",
      "info: a host was enrolled",
      "info: an agent was revoked",
    ]);
    const banned = log.fields[log.lines.indexOf("info: banned")];
    expect(banned).toMatchObject({
      ...{ by: "admin", feed: "urgent", ranges: 1, reason: "ssh brute force" },
      decision: expect.stringMatching(/^dec-/),
    });
  });

  it("names who called for what, by which operation", async () => {
    const log = new RecordingLogger();
    await using cloud = await startTestCloud({ log });
    await cloud.addOrg("Example");
    const lines = log.lines.filter((line) => line === "info: an org was added");
    expect(lines).toHaveLength(1);
    expect(log.fields[log.lines.indexOf(lines[0]!)]).toMatchObject({
      ...{ org: "example", operation: "addOrg", caller: "admin" },
      ...{ from: "127.0.0.1", call: expect.stringMatching(/^cal-/) },
    });
    expect(log.lines).not.toContain("info: an operator changed something");
  });

  it("does not grow with what one agent refuses", async () => {
    const log = new RecordingLogger();
    await using cloud = await startTestCloud({ log });
    using agent = await TestAgent.connect(cloud, await cloud.enrol());
    const refusal = { type: "refusal", feed: "urgent", detail: "" } as const;
    for (let i = 0; i < 900; i++) agent.send({ ...refusal, code: "gap" });
    agent.send({ type: "resume", feed: "urgent" });
    await agent.next("plan");
    await eventually(async () => {
      const { body } = await cloud.request<{ items: unknown[] }>(
        ...(["GET", "/api/v1/refusals"] as const),
      );
      return body.items.length === 900 ? true : undefined;
    });
    const lines = log.lines.filter((line) => line === "warn: agent refused");
    expect(lines.length).toBeLessThan(300);
  });
});

describe("a sparing logger", () => {
  it("writes a message down at a rate, and how many it left out", async () => {
    const clock = new ManualClock();
    const log = new RecordingLogger();
    const sparing = sparingly(log, clock);
    for (let i = 0; i < 1_000; i++) sparing.info("agent gone", { i });
    expect(log.lines).toHaveLength(200);
    sparing.warn("something else");
    expect(log.lines).toHaveLength(201);
    await clock.advance(1_000);
    sparing.info("agent gone", { i: 1_000 });
    expect(log.fields.at(-1)).toEqual({ i: 1_000, leftOut: 800 });
  });
});

describe("what was dropped", () => {
  it("is counted, and told at once and then once a minute", async () => {
    const clock = new ManualClock();
    const log = new RecordingLogger();
    const drops = new Drops({ clock, log });
    for (let i = 0; i < 500; i++) drops.count("hellos-too-large");
    expect(log.lines).toHaveLength(1);
    await clock.advance(60_000);
    drops.count("hellos-too-large");
    expect(log.fields.at(-1)).toMatchObject({ dropped: 500 });
    expect(drops.report()["hellos-too-large"]).toMatchObject({
      count: 501,
      lastAt: clock.now(),
    });
  });
});

const AUDIT =
  /banned|lifted|imported|token was made|was enrolled|was revoked|decided/;
