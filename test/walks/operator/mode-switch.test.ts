import { describe, expect, it } from "@jest/globals";
import type { Fact } from "../../../agent/protocol/statement.js";
import { wire1, type FromAgent } from "../../../agent/protocol/wire.js";
import { NotEnforced } from "../../../agent/enforce/enforcer.js";
import type { Receipt } from "../../../agent/protocol/documents.js";
import { unixSeconds } from "../../../agent/runtime/clock.js";
import { ModeSwitch } from "../../../agent/walks/operator/mode-switch.js";
import { ban, TestHost } from "../../support/agent/agent-fixtures.js";
import { StubbornEnforcer } from "../../support/agent/enforcers.js";
import { FakeFeed } from "../../support/cloud/fake-cloud.js";
import { ManualClock, until } from "../../support/time/clock.js";

describe("turning a host to observing and back", () => {
  it("is stated by the device if it is news", async () => {
    await using host = await TestHost.open();
    const { modeSwitch, stated } = await after(host);
    await modeSwitch.turnTo("observe");
    await modeSwitch.turnTo("observe");
    await modeSwitch.turnTo("enforce");
    await modeSwitch.pause(60);
    expect(stated.map(({ what }) => what)).toEqual(["mode", "mode", "paused"]);
  });

  it("is stated though the kernel refuses, and no receipt claims it", async () => {
    const enforcer = new StubbornEnforcer();
    await using host = await TestHost.open({ enforcer });
    const { modeSwitch, said, stated } = await after(host);
    enforcer.stubborn = true;
    await expect(modeSwitch.turnTo("observe")).rejects.toThrow(NotEnforced);
    expect(stated).toEqual([{ what: "mode" }]);
    await expect(modeSwitch.turnTo("enforce")).rejects.toThrow(NotEnforced);
    await expect(modeSwitch.pause(60)).rejects.toThrow(NotEnforced);
    expect(stated.at(-1)).toMatchObject({ what: "paused" });
    expect(said).toEqual(["enforce"]);
  });

  it("is done in the kernel before any receipt says so", async () => {
    await using host = await TestHost.open();
    const { modeSwitch, said } = await after(host);
    await modeSwitch.turnTo("observe");
    expect(await host.enforcer.read()).toMatchObject({
      posture: { mode: "observe" },
    });
    expect(said).toEqual(["enforce", "observe"]);
    await modeSwitch.turnTo("observe");
    expect(said).toEqual(["enforce", "observe"]);
  });

  it("claims nothing that the kernel refused, and goes on trying", async () => {
    const enforcer = new StubbornEnforcer();
    await using host = await TestHost.open({ enforcer });
    const { modeSwitch, said } = await after(host);
    await modeSwitch.turnTo("observe");
    enforcer.stubborn = true;
    await expect(modeSwitch.turnTo("enforce")).rejects.toThrow(NotEnforced);
    expect(host.ledger.mode()).toBe("enforce");
    expect(said).toEqual(["enforce", "observe"]);
    enforcer.stubborn = false;
    await until("the retry", () => said.length > 2);
    expect(said).toEqual(["enforce", "observe", "enforce"]);
    expect(await enforcer.read()).toMatchObject({
      posture: { mode: "enforce" },
    });
  });

  it("takes one order after the other", async () => {
    await using host = await TestHost.open();
    const { modeSwitch, said } = await after(host);
    await Promise.all([
      modeSwitch.turnTo("observe"),
      modeSwitch.turnTo("enforce"),
      modeSwitch.turnTo("observe"),
    ]);
    expect(said).toEqual(["enforce", "observe", "enforce", "observe"]);
  });
});

describe("a pause", () => {
  it("ends by itself, and says so in receipts", async () => {
    const clock = new ManualClock(Date.now());
    await using host = await TestHost.open({ clock });
    const { modeSwitch, said } = await after(host);
    const ends = unixSeconds(clock.now()) + 60;
    expect(await modeSwitch.pause(60)).toBe(ends);
    expect(host.ledger.overrides.pausedUntil()).toBe(ends);
    await clock.advance(58_000);
    expect(host.ledger.mode()).toBe("observe");
    await clock.advance(3_000);
    await until("it enforces", () => said.length > 2);
    expect(said).toEqual(["enforce", "observe", "enforce"]);
    expect(host.ledger.overrides.pausedUntil()).toBeUndefined();
    expect(await host.enforcer.read()).toMatchObject({
      posture: { mode: "enforce" },
    });
  });

  it("is stated to be over though the kernel refuses to enforce", async () => {
    const clock = new ManualClock(Date.now());
    const enforcer = new StubbornEnforcer();
    const random = () => 1;
    await using host = await TestHost.open({ clock, enforcer, random });
    const { modeSwitch, stated } = await after(host);
    await modeSwitch.pause(60);
    enforcer.stubborn = true;
    await clock.advance(61_000);
    await until("it is over", () => stated.length > 1);
    expect(stated.at(-1)).toEqual({ what: "pause-ended" });
  });

  it("is looked after by whoever comes next", async () => {
    const clock = new ManualClock(Date.now());
    await using host = await TestHost.open({ clock });
    host.ledger.overrides.pause(unixSeconds(clock.now()) + 60);
    const { modeSwitch } = await after(host);
    await clock.advance(61_000);
    await until("it enforces", () => host.ledger.mode() === "enforce");
    modeSwitch[Symbol.dispose]();
  });

  it("is lengthened by another, and made lasting by observe", async () => {
    const clock = new ManualClock(Date.now());
    await using host = await TestHost.open({ clock });
    const { modeSwitch, stated } = await after(host);
    await modeSwitch.pause(60);
    await modeSwitch.pause(120);
    await clock.advance(100_000);
    expect(host.ledger.mode()).toBe("observe");
    await modeSwitch.turnTo("observe");
    expect(stated.map(({ what }) => what)).toEqual([
      "paused",
      "paused",
      "mode",
    ]);
    await clock.advance(100_000);
    expect(host.ledger.mode()).toBe("observe");
    await expect(modeSwitch.pause(60)).rejects.toThrow("observes already");
  });

  it("is ended at once by enforce", async () => {
    await using host = await TestHost.open();
    const { modeSwitch, said } = await after(host);
    await modeSwitch.pause(60);
    await modeSwitch.turnTo("enforce");
    expect(said).toEqual(["enforce", "observe", "enforce"]);
    expect(host.ledger.overrides.pausedUntil()).toBeUndefined();
  });
});

/** A host that has enforced a ban, and the modes that its receipts say. */
async function after(host: TestHost) {
  const { ledger, receipts, events } = host;
  const said: Receipt["mode"][] = [];
  const stated: Fact[] = [];
  const state = (fact: Fact) => void stated.push(fact);
  receipts.sayTo({
    wire: wire1,
    send: (message) => said.push(modeOf(message)),
  });
  const outcome = await host.carryOut(
    new FakeFeed().append([ban("192.0.2.1")]),
  );
  if (outcome.kind === "enforced") receipts.give(outcome);
  const enforce = () => host.enforcement.enforce();
  const clock = host.banClock;
  const modeSwitch = new ModeSwitch({
    ...{ ledger, receipts, events, clock, enforce, state },
  });
  return { modeSwitch, said, stated };
}

const modeOf = (message: FromAgent): Receipt["mode"] =>
  (JSON.parse((message as { signed: string }).signed) as Receipt).mode;
