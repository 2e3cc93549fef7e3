import { describe, expect, it } from "@jest/globals";
import { NotEnforced } from "../../../agent/enforce/enforcer.js";
import { ban, TestHost } from "../../support/agent/agent-fixtures.js";
import { BalkingEnforcer } from "../../support/agent/enforcers.js";
import { FakeFeed } from "../../support/cloud/fake-cloud.js";
import { ManualClock, until } from "../../support/time/clock.js";

const refused = "error: the kernel does not hold what the ledger says";

describe("enforcement", () => {
  it("tries again until the kernel takes it, with growing delays", async () => {
    const clock = new ManualClock(Date.now());
    const kernel = new BalkingEnforcer(4, clock);
    await using host = new TestHost({
      enforcer: kernel,
      clock,
      random: () => 1,
    });
    const outcome = await host.carryOut(
      new FakeFeed().append([ban("203.0.113.7")]),
    );
    expect(outcome).toMatchObject({
      kind: "refused",
      code: "not-enforced",
      detail: "the kernel is busy",
    });
    const delays: number[] = [];
    while (host.recoveries === 0) {
      await until("a wait", () => clock.due.length > 0);
      delays.push(...clock.due);
      await clock.advance(clock.due[0] ?? 0);
      await until("a try", () => clock.due.length > 0 || host.recoveries > 0);
    }
    expect(delays).toEqual([1_000, 2_000, 4_000, 8_000]);
    expect(host.recovered).toEqual([1]);
    expect(host.log.lines).toEqual([refused, refused, refused, refused]);
    expect(await host.holds("203.0.113.7")).toEqual([true]);
    expect(clock.due).toEqual([]);
  });

  it("has one retry under way, however many ask", async () => {
    const clock = new ManualClock();
    const kernel = new BalkingEnforcer(Infinity, clock);
    await using host = new TestHost({
      enforcer: kernel,
      clock,
      random: () => 1,
    });
    for (let i = 0; i < 3; i++) {
      await expect(host.enforcement.enforce()).rejects.toThrow(NotEnforced);
    }
    expect(clock.due).toEqual([1_000]);
  });

  it("recovers as soon as anybody could enforce", async () => {
    const clock = new ManualClock();
    const kernel = new BalkingEnforcer(1, clock);
    await using host = new TestHost({
      enforcer: kernel,
      clock,
      random: () => 1,
    });
    await expect(host.enforcement.enforce()).rejects.toThrow(NotEnforced);
    await host.enforcement.enforce();
    await until("the recovery", () => host.recoveries === 1);
    expect(clock.due).toEqual([]);
  });

  it("that never failed has nothing to recover from", async () => {
    await using host = new TestHost();
    await host.enforcement.enforce();
    expect(host.recoveries).toBe(0);
  });

  it("starts another retry after it has recovered", async () => {
    const clock = new ManualClock();
    const kernel = new BalkingEnforcer(1, clock);
    await using host = new TestHost({
      enforcer: kernel,
      clock,
      random: () => 1,
    });
    for (const round of [1, 2]) {
      kernel.refusals = 1;
      await kernel.cleanUp();
      await expect(host.enforcement.enforce()).rejects.toThrow(NotEnforced);
      await clock.advance(1_000);
      await until("the recovery", () => host.recoveries === round);
    }
  });

  it("stops trying when it is disposed", async () => {
    const clock = new ManualClock();
    const kernel = new BalkingEnforcer(Infinity, clock);
    await using host = new TestHost({
      enforcer: kernel,
      clock,
      random: () => 1,
    });
    await expect(host.enforcement.enforce()).rejects.toThrow(NotEnforced);
    host.enforcement[Symbol.dispose]();
    await clock.advance(1_000_000);
    expect(host.log.lines).toEqual([refused]);
  });
});
