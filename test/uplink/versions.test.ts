import { describe, expect, it } from "@jest/globals";
import { closeCodes } from "../../agent/protocol/close-codes.js";
import { markedNonce } from "../../agent/protocol/downgrade.js";
import { wire1, wire2 } from "../../agent/protocol/wire.js";
import { World, receiptOn } from "../support/agent/world.js";
import { ban } from "../support/agent/agent-fixtures.js";
import { FakeFeed } from "../support/cloud/fake-cloud.js";
import { until } from "../support/time/clock.js";

describe("an agent", () => {
  it("speaks version 2 with a cloud that does", async () => {
    await using world = await World.open({ protocol: 2 });
    const link = await world.cloud.link();
    link.challenge();
    const { signed } = await link.next("hello");
    expect(wire2.hello(signed)).toMatchObject({ agent: "agent-1" });
    expect(JSON.parse(signed)).toHaveProperty("capabilities");
  });

  it("speaks version 1 with a cloud that knows no other, in its words", async () => {
    await using world = await World.open({ protocol: 1 });
    const link = await world.cloud.link();
    link.challenge();
    const { signed } = await link.next("hello");
    expect(Object.keys(JSON.parse(signed) as object)).toEqual([
      ...["agent", "nonce", "cloud", "time", "version", "boot", "positions"],
    ]);
    expect(wire1.hello(signed)).toMatchObject({ capabilities: [] });
  });

  it("passes over capabilities of the cloud that it does not know", async () => {
    await using world = await World.open({ protocol: 2 });
    const link = await world.cloud.link();
    link.challenge();
    await link.next("hello");
    const urgent = new FakeFeed();
    link.sayWelcome([urgent.tail()], 600_000, 1, ["dances", "log"]);
    link.push(urgent.append([ban("203.0.113.1")]));
    expect(await receiptOn(link)).toMatchObject({ banned: 1 });
  });
});

describe("a link that somebody has made one of version 1", () => {
  const marked = markedNonce(Buffer.alloc(32, 1));

  it("is left at once, without a hello, and dialed again soon", async () => {
    await using world = await World.open({ protocol: 1 });
    const link = await world.cloud.link();
    link.challenge("test-cloud", marked);
    expect(await link.closed()).toBe(closeCodes.downgraded);
    expect(link.untaken).toEqual([]);
    await world.cloud.link();
  });

  it("is a condition of the host's health, until the next link is up", async () => {
    await using world = await World.open({ protocol: 1 });
    const { status } = world.host;
    (await world.cloud.link()).challenge("test-cloud", marked);
    await until("the word", () => status.downgraded !== undefined);
    expect(status.downgraded).toContain("asked for version 1 only");
    await world.cloud.welcomed();
    await until("no word", () => status.downgraded === undefined);
  });
});
