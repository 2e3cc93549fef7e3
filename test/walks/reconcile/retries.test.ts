import { describe, expect, it } from "@jest/globals";
import { wire1 } from "../../../agent/protocol/wire.js";
import { NotEnforced } from "../../../agent/enforce/enforcer.js";
import type { Receipt } from "../../../agent/protocol/documents.js";
import { ban, TestHost } from "../../support/agent/agent-fixtures.js";
import { BalkingEnforcer } from "../../support/agent/enforcers.js";
import { recordNext } from "../../support/agent/ledger.js";
import { FakeFeed } from "../../support/cloud/fake-cloud.js";
import { ManualClock, until } from "../../support/time/clock.js";

const refused = "error: the kernel does not hold what the ledger says";

describe("enforcement", () => {
  it("tries again until the kernel takes it, with growing delays", async () => {
    const clock = new ManualClock(Date.now());
    const kernel = new BalkingEnforcer(0, clock);
    await using host = await TestHost.open({
      enforcer: kernel,
      clock,
      random: () => 1,
    });
    await balk(kernel, 4);
    const said = listen(host);
    const outcome = await host.carryOut(
      new FakeFeed().append([ban("203.0.113.7")]),
    );
    expect(outcome).toMatchObject({
      kind: "refused",
      code: "not-enforced",
      detail: "the kernel is busy",
    });
    const delays: number[] = [];
    while (said.length === 0) {
      await until("a wait", () => clock.due.length > 0);
      delays.push(...clock.due);
      await clock.advance(clock.due[0] ?? 0);
      await until("a try", () => clock.due.length > 0 || said.length > 0);
    }
    expect(delays).toEqual([1_000, 2_000, 4_000, 8_000]);
    expect(said).toEqual([{ offset: 1, revision: 1 }]);
    expect(host.log.lines).toEqual([refused, refused, refused, refused]);
    expect(await host.holds("203.0.113.7")).toEqual([true]);
    expect(clock.due).toEqual([]);
  });

  it("has one retry under way, however many ask", async () => {
    const clock = new ManualClock();
    const kernel = new BalkingEnforcer(0, clock);
    await using host = await TestHost.open({
      enforcer: kernel,
      clock,
      random: () => 1,
    });
    await balk(kernel, Infinity);
    for (let i = 0; i < 3; i++) {
      await expect(host.enforcement.enforce()).rejects.toThrow(NotEnforced);
    }
    expect(clock.due).toEqual([1_000]);
  });

  it("recovers as soon as anybody could enforce", async () => {
    const clock = new ManualClock();
    const kernel = new BalkingEnforcer(0, clock);
    await using host = await TestHost.open({
      enforcer: kernel,
      clock,
      random: () => 1,
    });
    await balk(kernel, 1);
    const said = listen(host);
    recordNext(host.ledger, "urgent", [ban("203.0.113.7")]);
    await expect(host.enforcement.enforce()).rejects.toThrow(NotEnforced);
    await host.enforcement.enforce();
    await until("the recovery", () => said.length === 1);
    expect(clock.due).toEqual([]);
  });

  it("that never failed has nothing to recover from", async () => {
    await using host = await TestHost.open();
    const said = listen(host);
    recordNext(host.ledger, "urgent", [ban("203.0.113.7")]);
    await host.enforcement.enforce();
    expect(said).toEqual([]);
  });

  it("starts another retry after it has recovered", async () => {
    const clock = new ManualClock();
    const kernel = new BalkingEnforcer(0, clock);
    await using host = await TestHost.open({
      enforcer: kernel,
      clock,
      random: () => 1,
    });
    const said = listen(host);
    recordNext(host.ledger, "urgent", [ban("203.0.113.7")]);
    for (const round of [1, 2]) {
      kernel.refusals = 1;
      await kernel.cleanUp();
      await expect(host.enforcement.enforce()).rejects.toThrow(NotEnforced);
      await clock.advance(1_000);
      await until("the recovery", () => said.length === round);
    }
  });

  it("stops trying when it is disposed", async () => {
    const clock = new ManualClock();
    const kernel = new BalkingEnforcer(0, clock);
    await using host = await TestHost.open({
      enforcer: kernel,
      clock,
      random: () => 1,
    });
    await balk(kernel, Infinity);
    await expect(host.enforcement.enforce()).rejects.toThrow(NotEnforced);
    host.enforcement[Symbol.dispose]();
    await clock.advance(1_000_000);
    expect(host.log.lines).toEqual([refused]);
  });
});

/** A kernel that has lost its ruleset, and refuses so many more. */
async function balk(kernel: BalkingEnforcer, times: number): Promise<void> {
  await kernel.cleanUp();
  kernel.refusals = times;
}

/** Receipts that the host gives once its kernel holds what it had refused. */
function listen({ receipts }: TestHost) {
  const said: { offset: number; revision: number }[] = [];
  receipts.sayTo({
    wire: wire1,
    send: (message) => {
      const { signed } = message as { signed: string };
      const { position, revision } = JSON.parse(signed) as Receipt;
      said.push({ offset: position.offset, revision });
    },
  });
  return said;
}
