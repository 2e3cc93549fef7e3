import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import BetterSqlite3 from "better-sqlite3";
import { closeCodes } from "../../../agent/protocol/close-codes.js";
import { TestAgent } from "../../support/agent/test-agent.js";
import { startTestCloud } from "../../support/cloud/cloud.js";
import { revoke } from "../../support/cloud/people.js";
import { until } from "../../support/time/clock.js";

describe("a cloud whose read model cannot be written", () => {
  it("goes on, says so, and catches up; nobody is turned away for what it does not know", async () => {
    await using cloud = await startTestCloud();
    const known = await cloud.enrol();
    using agent = await TestAgent.connect(cloud, known);
    const view = new BetterSqlite3(join(cloud.dir, "view.db"));
    view.exec("BEGIN IMMEDIATE"); // somebody else's, for as long as it lasts

    const lost = await cloud.request("POST", "/api/v1/bans", {
      range: "203.0.113.7",
    });
    expect(lost).toMatchObject({ status: 507, body: { code: "delayed" } });
    const refused = await cloud.request("POST", "/api/v1/bans", {
      range: "203.0.113.8",
    });
    expect(refused).toMatchObject({ status: 507, body: { code: "delayed" } });
    const { status: health } = await cloud.request("GET", "/healthz");
    expect(health).toBe(503);
    using again = await TestAgent.connect(cloud, known);
    expect(agent.segments).toEqual([]);

    view.exec("ROLLBACK");
    view.close();
    const { header } = await again.nextSegment();
    expect(header).toMatchObject({ feed: "urgent", first: 1, last: 1 });
    await until("an order that is taken", async () => {
      const { status } = await cloud.request("POST", "/api/v1/bans", {
        range: "203.0.113.9",
      });
      return status === 201;
    });
    expect((await again.nextSegment()).header).toMatchObject({ first: 2 });
  });

  it("asks an agent that it cannot know yet to come back soon", async () => {
    await using cloud = await startTestCloud();
    const who = await cloud.enrol();
    const { port } = new URL(cloud.url);
    const url = `http://127.0.0.1:${port}`;
    using first = await TestAgent.connect({ url }, who);
    const view = new BetterSqlite3(join(cloud.dir, "view.db"));
    view.exec("BEGIN IMMEDIATE");
    // It is decided, and answered as what no view holds yet.
    await expect(revoke(cloud, who.agent)).rejects.toThrow("507");
    using agent = TestAgent.dial(url);
    await agent.hello(who, [], { nonce: "A".repeat(43) });
    expect((await agent.ended).code).toBe(closeCodes.failed);
    view.exec("ROLLBACK");
    view.close();
    expect(first.socket).toBeDefined();
  });
});
