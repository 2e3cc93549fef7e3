import { describe, expect, it } from "@jest/globals";
import { closeCodes } from "../../../agent/protocol/close-codes.js";
import { isMarked } from "../../../agent/protocol/downgrade.js";
import { wire1, wire2, type Wire } from "../../../agent/protocol/wire.js";
import { signAsDevice } from "../../../agent/trust/sign.js";
import * as good from "../../protocol/vectors/messages.js";
import {
  positionAfter,
  TestAgent,
  wirePosition,
} from "../../support/agent/test-agent.js";
import { eventually, startTestCloud } from "../../support/cloud/cloud.js";

const both = ["tourniquet.v2", "tourniquet.v1"];

describe("a cloud", () => {
  it("chooses version 2 of what an agent offers, in whatever order", async () => {
    await using cloud = await startTestCloud();
    const who = await cloud.enrol();
    for (const offered of [both, [...both].reverse()]) {
      using agent = TestAgent.dial(cloud.url, wire2, offered);
      await agent.hello(who);
      expect(await agent.next("welcome")).toHaveProperty("capabilities");
      expect(agent.socket.protocol).toBe("tourniquet.v2");
    }
  });

  it("serves both versions at once", async () => {
    await using cloud = await startTestCloud();
    const [one, two] = [await cloud.enrol("one"), await cloud.enrol("two")];
    using old = TestAgent.dial(cloud.url, wire1);
    using young = TestAgent.dial(cloud.url, wire2);
    await old.hello(one);
    await young.hello(two);
    expect(await old.next("welcome")).not.toHaveProperty("capabilities");
    expect(await young.next("welcome")).toHaveProperty("capabilities");
    await cloud.ban("203.0.113.7");
    const [first, second] = [
      await old.nextSegment(),
      await young.nextSegment(),
    ];
    expect(Buffer.from(first.hash)).toEqual(Buffer.from(second.hash));
  });

  it("marks the nonce of version 1, and of no other", async () => {
    await using cloud = await startTestCloud();
    using old = TestAgent.dial(cloud.url, wire1);
    using young = TestAgent.dial(cloud.url, wire2);
    const [first, second] = [
      await old.next("challenge"),
      await young.next("challenge"),
    ];
    expect(isMarked(first.nonce)).toBe(true);
    expect(isMarked(second.nonce)).toBe(false);
  });

  it("takes no hello for a nonce without the mark that it set", async () => {
    await using cloud = await startTestCloud();
    const who = await cloud.enrol();
    using agent = TestAgent.dial(cloud.url, wire1);
    const { nonce, cloud: name } = await agent.next("challenge");
    const bytes = Buffer.from(nonce, "base64url").fill(7, 24);
    agent.messages.push({
      ...{ type: "challenge", nonce: bytes.toString("base64url") },
      ...{ time: Date.now(), cloud: name },
    });
    await agent.hello(who);
    expect((await agent.ended).code).toBe(closeCodes.unauthenticated);
  });

  it("passes over a capability that it does not know, and an ext", async () => {
    await using cloud = await startTestCloud();
    const who = await cloud.enrol();
    using agent = TestAgent.dial(cloud.url, wire2);
    const more = { capabilities: ["dances"], ext: { "x-tune": [1, 2] } };
    await agent.hello(who, [], more);
    expect(await agent.next("welcome")).toMatchObject({ agent: who.agent });
  });
});

describe("bad input", () => {
  const names = Array.from({ length: 17 }, (_, i) => [`n${i}`, 1]);
  it.each<[string, Wire, object]>([
    ["capabilities in version 1", wire1, { capabilities: [] }],
    ["an ext in version 1", wire1, { ext: {} }],
    ["a field that nobody knows", wire2, { colour: "red" }],
    ["an ext of 5 KiB", wire2, { ext: { a: "x".repeat(5_000) } }],
    ["an ext of 17 names", wire2, { ext: Object.fromEntries(names) as object }],
    ["33 capabilities", wire2, { capabilities: Array(33).fill("a") }],
  ])("of a hello with %s ends the session", async (_, wire, more) => {
    await using cloud = await startTestCloud();
    const who = await cloud.enrol();
    using agent = TestAgent.dial(cloud.url, wire);
    await agent.hello(who, [], more);
    expect((await agent.ended).code).toBe(closeCodes["bad-message"]);
  });

  it("of a hello signed as of version 1 is no hello of version 2", async () => {
    await using cloud = await startTestCloud();
    const who = await cloud.enrol();
    using agent = TestAgent.dial(cloud.url, wire2);
    const { nonce, cloud: name } = await agent.next("challenge");
    const hello = {
      ...{ agent: who.agent, nonce, cloud: name, time: 0, version: "0.4.0" },
      ...{ boot: "123e4567-e89b-42d3-a456-426614174000", positions: [] },
      capabilities: [],
    };
    agent.send({ type: "hello", ...signAsDevice("hello", hello, who.key, 1) });
    expect((await agent.ended).code).toBe(closeCodes.unauthenticated);
  });
});

describe("an agent of version 2", () => {
  it("is believed in its receipts, and listed as one that reads it", async () => {
    await using cloud = await startTestCloud();
    const who = await cloud.enrol();
    using agent = await TestAgent.connect(cloud, who, [], wire2);
    await cloud.ban("203.0.113.7");
    agent.sendReceipt(who, positionAfter(await agent.nextSegment()));
    const total = await eventually(async () => {
      type Found = { total: number };
      const found = await cloud.request<Found>("GET", "/api/v1/receipts");
      return found.body.total > 0 ? found.body.total : undefined;
    });
    expect(total).toBe(1);
    const { body } = await cloud.request("GET", "/api/v1/agents");
    expect(body).toMatchObject({ items: [{ id: who.agent, protocol: 2 }] });
  });

  it("is not believed in a receipt that it signed as of version 1", async () => {
    await using cloud = await startTestCloud();
    const who = await cloud.enrol();
    using agent = await TestAgent.connect(cloud, who, [], wire2);
    await cloud.ban("203.0.113.7");
    const position = wirePosition(positionAfter(await agent.nextSegment()));
    const receipt = { ...good.receipt, agent: who.agent, position };
    agent.send({
      type: "receipt",
      ...signAsDevice("receipt", receipt, who.key),
    });
    expect((await agent.ended).code).toBe(closeCodes.unauthenticated);
  });
});
