import { describe, expect, it } from "@jest/globals";
import { systemClock, unixSeconds } from "../../agent/clock.js";
import { Maintenance } from "../../agent/maintenance.js";
import { ban, facts, policy, TestHost } from "../support/agent-fixtures.js";
import { until } from "../support/clock.js";
import { FakeFeed } from "../support/fake-cloud.js";

describe("maintenance", () => {
  it("touches the ledger no more once it is disposed", async () => {
    await using host = new TestHost();
    let slices = 0;
    const maintenance = maintain(host, {
      purge: () => {
        slices++;
        return true;
      },
    });
    const run = maintenance.run();
    await until("some slices", () => slices > 2);
    await maintenance[Symbol.asyncDispose]();
    const done = slices;
    await run;
    await maintenance.run();
    expect(slices).toBe(done);
    expect(host.log.lines).toEqual([]);
  });

  it("tells what went wrong, and is there for the next run", async () => {
    await using host = new TestHost();
    let failures = 1;
    await using maintenance = maintain(host, {
      purge: () => {
        if (failures-- > 0) throw new Error("the disk is gone");
        return false;
      },
    });
    await maintenance.run();
    await maintenance.run();
    expect(host.log.lines).toEqual(["error: could not tidy the ledger"]);
  });

  it("holds what the guard stops by now, and has it enforced", async () => {
    await using host = new TestHost();
    const bans = [ban("198.16.0.0/12"), ban("203.0.113.7")];
    await host.carryOut(new FakeFeed().append(bans));
    const stricter = { ...policy, floor: { ...policy.floor, 4: 16 } };
    await using maintenance = maintain(host, {}, stricter);
    await maintenance.run();
    const held = host.ledger.held({ limit: 9 }, unixSeconds(Date.now()));
    expect(held.map(({ held }) => held)).toEqual(["too-wide"]);
    expect(await host.holds("198.16.0.0/12", "203.0.113.7")).toEqual([
      false,
      true,
    ]);
  });
});

const maintain = (
  host: TestHost,
  broken: { readonly purge?: () => boolean },
  stricter = policy,
) =>
  new Maintenance({
    ledger: {
      purge: (...args) => host.ledger.purge(...args),
      reviewAgain: (...args) => host.ledger.reviewAgain(...args),
      revision: () => host.ledger.revision(),
      word: host.ledger.word,
      ...broken,
    },
    facts: () => facts,
    policy: stricter,
    clock: systemClock,
    events: host.events,
    enforce: () => host.enforcement.enforce(),
  });
