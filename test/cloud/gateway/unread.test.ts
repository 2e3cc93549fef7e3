import http from "node:http";
import { describe, expect, it } from "@jest/globals";
import { wire1 } from "../../../agent/protocol/wire.js";
import { silentLogger } from "../../../agent/log/logger.js";
import type { closeCodes } from "../../../agent/protocol/close-codes.js";
import { MOST_UNREAD } from "../../../cloud/gateway/budgets.js";
import type { GatewayPorts } from "../../../cloud/gateway/ports.js";
import { Session } from "../../../cloud/gateway/session.js";
import { TestAgent } from "../../support/agent/test-agent.js";
import { eventually, startTestCloud } from "../../support/cloud/cloud.js";
import { ManualClock } from "../../support/time/clock.js";

describe("an agent that reads nothing of what it asks for", () => {
  it("is sent away for a while, before more waits than the cloud keeps", () => {
    const closed: string[] = [];
    const dropped: string[] = [];
    const link = {
      ...{ remoteAddress: "203.0.113.7", buffered: 0 },
      send: (text: string) => void (link.buffered += text.length),
      write: () => undefined,
      wire: wire1,
      ping: () => undefined,
      holdFor: () => undefined,
      welcomed: () => undefined,
      close: (reason: keyof typeof closeCodes) => void closed.push(reason),
    };
    const owner = { welcomed: noop, closed: noop, framesAfter: () => [] };
    const ports = {
      ...{ cloudName: "test-cloud", clock: new ManualClock() },
      ...{ log: silentLogger, dropped: (what: string) => dropped.push(what) },
    } as unknown as GatewayPorts;
    const session = new Session(link, ports, owner);
    const order = { afterMs: 0, windowMs: 1, urls: [] };
    link.buffered = MOST_UNREAD - 100;
    session.drain(order);
    expect(closed).toEqual([]);
    for (let i = 0; i < 10; i++) session.drain(order);
    expect(closed).toEqual(["too-slow"]);
    expect(dropped).toEqual(["unread-too-much"]);
  });
});

describe("an agent that asks for more at once than it may", () => {
  it("is refused, and heard again once its answers are through", async () => {
    await using cloud = await startTestCloud();
    using agent = await TestAgent.connect(cloud, await cloud.enrol());
    const authorization = `Bearer ${agent.welcome.session}`;
    const url = `${cloud.url}/v1/rekey`;
    // Whose bodies never come: each holds its answer back.
    const slow = Array.from({ length: 20 }, () => {
      const headers = { authorization, "content-length": "100" };
      const asked = http.request(url, { method: "POST", headers });
      asked.on("error", () => undefined);
      asked.write("{");
      return asked;
    });
    const statuses: number[] = [];
    for (const each of slow) {
      each.on("response", ({ statusCode = 0 }) => statuses.push(statusCode));
    }
    await eventually(() => (statuses.length >= 4 ? true : undefined));
    expect(statuses).toEqual([429, 429, 429, 429]);
    for (const each of slow) each.destroy();
    await eventually(async () => {
      const response = await fetch(url, {
        method: "POST",
        headers: { authorization },
        body: "{}",
      });
      return response.status === 400 ? true : undefined;
    });
  });
});

const noop = (): void => undefined;
