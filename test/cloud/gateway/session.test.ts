import { once } from "node:events";
import http from "node:http";
import { connect } from "node:net";
import { describe, expect, it } from "@jest/globals";
import { closeCodes } from "../../../agent/protocol/close-codes.js";
import { SUBPROTOCOL } from "../../../agent/protocol/messages.js";
import { generateKey } from "../../../agent/trust/keys.js";
import { positionAfter, TestAgent } from "../../support/agent/test-agent.js";
import { eventually, startTestCloud } from "../../support/cloud/cloud.js";
import { revoke } from "../../support/cloud/people.js";
import { ManualClock } from "../../support/time/clock.js";

describe("the handshake", () => {
  it("welcomes an agent that proves who it is", async () => {
    await using cloud = await startTestCloud();
    const who = await cloud.enrol();
    using agent = await TestAgent.connect(cloud, who);
    expect(agent.welcome).toMatchObject({
      ...{ type: "welcome", agent: who.agent, org: "example" },
      heartbeatMs: 25_000,
      plans: [
        { mode: "tail", feed: "urgent" },
        { mode: "tail", feed: "reputation" },
        { mode: "tail", feed: "org/example" },
      ],
    });
  });

  it("turns away a bad signature", async () => {
    await using cloud = await startTestCloud();
    const who = { ...(await cloud.enrol()), key: generateKey() };
    using agent = TestAgent.dial(cloud.url);
    await agent.hello(who);
    expect(await agent.ended).toEqual(closed("unauthenticated"));
  });

  it.each([
    ["another nonce", { nonce: "A".repeat(43) }],
    ["another cloud", { cloud: "evil.example" }],
    ["an unknown agent", { agent: "agt-0000000000000000" }],
  ])("turns away a hello with %s", async (_, lies) => {
    await using cloud = await startTestCloud();
    const who = await cloud.enrol();
    using agent = TestAgent.dial(cloud.url);
    await agent.hello(who, [], lies);
    expect(await agent.ended).toEqual(closed("unauthenticated"));
  });

  it("tolerates an agent whose clock is wrong", async () => {
    await using cloud = await startTestCloud();
    const who = await cloud.enrol();
    using agent = TestAgent.dial(cloud.url);
    await agent.hello(who, [], { time: 0 });
    expect(await agent.next("welcome")).toMatchObject({ agent: who.agent });
  });

  it("turns away a revoked agent, even one that is connected", async () => {
    await using cloud = await startTestCloud();
    const who = await cloud.enrol();
    using agent = await TestAgent.connect(cloud, who);
    await revoke(cloud, who.agent);
    expect(await agent.ended).toEqual(closed("revoked"));
    using again = TestAgent.dial(cloud.url);
    await again.hello(who);
    expect(await again.ended).toEqual(closed("revoked"));
  });

  it("insists on the subprotocol", async () => {
    await using cloud = await startTestCloud();
    const answer = await upgradeAnswer(`${cloud.url}/v1/agent`);
    expect(answer.statusCode).toBe(400);
  });

  it("knows no other path", async () => {
    await using cloud = await startTestCloud();
    const answer = await upgradeAnswer(`${cloud.url}/v1/other`);
    expect(answer.statusCode).toBe(404);
  });
});

describe("an agent that is slow", () => {
  it("is asked to come back soon when its hello is late", async () => {
    const clock = new ManualClock();
    await using cloud = await startTestCloud({ clock });
    using agent = TestAgent.dial(cloud.url);
    await agent.next("challenge");
    await clock.advance(10_000);
    expect(await agent.ended).toEqual(closed("silent"));
  });
});

describe("a herd of agents", () => {
  it("is let in at a rate, and told to come back at different times", async () => {
    // While it stands still, nobody earns a place by being slow.
    await using cloud = await startTestCloud({ clock: new ManualClock() });
    const protocol = { "sec-websocket-protocol": SUBPROTOCOL };
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, () =>
        upgradeAnswer(`${cloud.url}/v1/agent`, protocol),
      ),
    );
    const late = answers.filter(({ statusCode }) => statusCode === 503);
    expect(late.length).toBe(800);
    const seconds = late.map(({ headers }) => Number(headers["retry-after"]));
    expect(Math.min(...seconds)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...seconds)).toBeLessThanOrEqual(30);
    expect(new Set(seconds).size).toBeGreaterThan(5);
  });
});

describe("an agent that asks for plans all the time", () => {
  it("is sent away", async () => {
    await using cloud = await startTestCloud();
    using agent = await TestAgent.connect(cloud, await cloud.enrol());
    for (let i = 0; i < 900; i++)
      agent.send({ type: "resume", feed: "urgent" });
    expect(await agent.ended).toEqual(closed("too-many-requests"));
    expect(agent.messages.length).toBeLessThan(30);
  });
});

describe("an agent that says many receipts at once", () => {
  it("is heard more slowly, and stays", async () => {
    await using cloud = await startTestCloud();
    const who = await cloud.enrol();
    using agent = await TestAgent.connect(cloud, who);
    await cloud.ban("203.0.113.7");
    const position = positionAfter(await agent.nextSegment());
    for (let i = 0; i < 1_500; i++) agent.sendReceipt(who, position);
    agent.send({ type: "resume", feed: "urgent" });
    expect(await agent.next("plan")).toMatchObject({
      plans: [{ feed: "urgent" }],
    });
    expect(agent.socket.readyState).toBe(agent.socket.OPEN);
    const { body } = await cloud.request("GET", "/api/v1/receipts");
    expect(body).toMatchObject({ items: [{ seq: expect.any(Number) }] });
  });
});

describe("an agent whose snapshot is being built", () => {
  it("is welcome at once, and hears other feeds meanwhile", async () => {
    await using cloud = await startTestCloud();
    const who = await cloud.enrol();
    await cloud.request("POST", "/api/v1/imports", listOf(20_000));
    using agent = await TestAgent.connect(cloud, who);
    const ready = agent.welcome.plans.map(({ feed }) => feed);
    expect(ready).toEqual(["urgent", "org/example"]);
    await cloud.ban("203.0.113.7");
    expect((await agent.nextSegment()).header.feed).toBe("urgent");
    const { plans } = await agent.next("plan");
    expect(plans).toMatchObject([{ feed: "reputation", mode: "snapshot" }]);
  });

  it("is sent away when it is revoked meanwhile", async () => {
    await using cloud = await startTestCloud();
    const who = await cloud.enrol();
    await cloud.request("POST", "/api/v1/imports", listOf(20_000));
    using agent = TestAgent.dial(cloud.url);
    await agent.hello(who);
    await agent.next("welcome");
    await revoke(cloud, who.agent);
    expect(await agent.ended).toEqual(closed("revoked"));
  });
});

describe("a refused handshake", () => {
  it("leaves no socket behind that could hold the cloud up", async () => {
    const cloud = await startTestCloud();
    const { port, hostname } = new URL(cloud.url);
    const sockets = Array.from({ length: 20 }, () => {
      const options = { host: hostname, port: Number(port) };
      const socket = connect({ ...options, allowHalfOpen: true });
      socket.resume();
      socket.write(
        "GET /v1/agent HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
      );
      return socket;
    });
    await Promise.all(sockets.map((socket) => once(socket, "end")));
    const since = performance.now();
    await cloud[Symbol.asyncDispose]();
    expect(performance.now() - since).toBeLessThan(2_000);
    for (const socket of sockets) socket.destroy();
  });
});

describe("a bad message ends the session", () => {
  it.each([
    ["garbage", "{"],
    ["an unknown type", '{"type":"hullo"}'],
    ["a resume before the hello", '{"type":"resume","feed":"urgent"}'],
  ])("%s", async (_, text) => {
    await using cloud = await startTestCloud();
    using agent = TestAgent.dial(cloud.url);
    await agent.next("challenge");
    agent.socket.send(text);
    expect(await agent.ended).toEqual(closed("bad-message"));
  });

  it("a binary frame", async () => {
    await using cloud = await startTestCloud();
    using agent = TestAgent.dial(cloud.url);
    await agent.next("challenge");
    agent.socket.send(Buffer.from([1]));
    expect(await agent.ended).toEqual(closed("bad-message"));
  });

  it("a frame over the limit, before it is read", async () => {
    await using cloud = await startTestCloud();
    using agent = await TestAgent.connect(cloud, await cloud.enrol());
    agent.socket.send("x".repeat(64 * 1024 + 1));
    expect((await agent.ended).code).toBe(1009);
  });

  it("a receipt in another agent's name", async () => {
    await using cloud = await startTestCloud();
    const [who, other] = [await cloud.enrol(), await cloud.enrol()];
    using agent = await TestAgent.connect(cloud, who);
    await cloud.ban("203.0.113.7");
    const position = positionAfter(await agent.nextSegment());
    agent.sendReceipt({ ...who, agent: other.agent }, position);
    expect(await agent.ended).toEqual(closed("bad-message"));
  });
});

describe("a session", () => {
  it("supersedes the older one of the same agent", async () => {
    await using cloud = await startTestCloud();
    const who = await cloud.enrol();
    using older = await TestAgent.connect(cloud, who);
    using newer = await TestAgent.connect(cloud, who);
    expect(await older.ended).toEqual(closed("superseded"));
    await cloud.ban("203.0.113.7");
    expect((await newer.nextSegment()).header.last).toBe(1);
  });

  it("is closed when nothing is heard for two and a half heartbeats", async () => {
    await using cloud = await startTestCloud({ heartbeatMs: 100 });
    using agent = await TestAgent.connect(cloud, await cloud.enrol());
    const since = performance.now();
    agent.socket.pause(); // what is not read is not answered
    const { items } = await eventually(async () => {
      type Agents = { items: object[] };
      const path = "/api/v1/agents?state=offline";
      const { body } = await cloud.request<Agents>("GET", path);
      return body.items.length === 0 ? undefined : body;
    });
    expect(items).toHaveLength(1);
    expect(performance.now() - since).toBeGreaterThan(240);
  });

  it("lasts as long as the agent answers", async () => {
    await using cloud = await startTestCloud({ heartbeatMs: 100 });
    using agent = await TestAgent.connect(cloud, await cloud.enrol());
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(agent.socket.readyState).toBe(agent.socket.OPEN);
  });

  it("ends with drain and a close when the cloud stops", async () => {
    const cloud = await startTestCloud();
    using agent = await TestAgent.connect(cloud, await cloud.enrol());
    await cloud[Symbol.asyncDispose]();
    expect(await agent.next("drain")).toMatchObject({ windowMs: 10_000 });
    expect(await agent.ended).toEqual(closed("shutting-down"));
  });

  it("leaves the agents' receipts and refusals with the cloud", async () => {
    await using cloud = await startTestCloud();
    const who = await cloud.enrol();
    using agent = await TestAgent.connect(cloud, who);
    const { offset } = await cloud.ban("203.0.113.7");
    const position = positionAfter(await agent.nextSegment());
    agent.sendReceipt(who, position, { enforcedMs: 2.5 });
    const detail = "no such key";
    agent.send({ type: "refusal", feed: "urgent", code: "forked", detail });

    const receipt = await eventually(async () => {
      type Receipts = { items: { receipt: object }[] };
      const path = `/api/v1/receipts?feed=urgent&offset=${offset}`;
      return (await cloud.request<Receipts>("GET", path)).body.items[0];
    });
    expect(receipt.receipt).toMatchObject({
      agent: who.agent,
      enforcedMs: 2.5,
      position: { feed: "urgent", offset },
    });
    const refusals = await cloud.request("GET", "/api/v1/refusals");
    expect(refusals.body).toMatchObject({
      items: [{ agent: who.agent, code: "forked", detail }],
    });
  });
});

const closed = (reason: keyof typeof closeCodes) => ({
  code: closeCodes[reason],
  reason,
});

const listOf = (count: number): string =>
  Array.from({ length: count }, (_, i) => `10.0.${i >> 8}.${i & 255}`).join(
    "\n",
  );

/** The answer to a handshake; a connection that is let in is dropped. */
function upgradeAnswer(
  url: string,
  more: Readonly<Record<string, string>> = {},
): Promise<http.IncomingMessage> {
  const headers = {
    ...{ connection: "Upgrade", upgrade: "websocket" },
    "sec-websocket-version": "13",
    "sec-websocket-key": Buffer.alloc(16).toString("base64"),
    ...more,
  };
  return new Promise((resolve, reject) => {
    const request = http.get(url, { headers }, (response) => {
      response.resume();
      resolve(response);
    });
    request.on("upgrade", (response, socket) => {
      socket.destroy();
      resolve(response);
    });
    request.on("error", reject);
  });
}
