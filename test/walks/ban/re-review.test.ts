import { describe, expect, it } from "@jest/globals";
import { systemBanClock, unixSeconds } from "../../../agent/runtime/clock.js";
import { ReReview } from "../../../agent/walks/ban/re-review.js";
import {
  ban,
  facts,
  lift,
  policy,
  TestHost,
} from "../../support/agent/agent-fixtures.js";
import { noLimits, noTrial } from "../../support/agent/limits.js";
import { FakeFeed } from "../../support/cloud/fake-cloud.js";
import { until } from "../../support/time/clock.js";

describe("maintenance", () => {
  it("touches the ledger no more once it is disposed", async () => {
    await using host = await TestHost.open();
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
    await using host = await TestHost.open();
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
    await using host = await TestHost.open();
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

  it("lets in what a limit held, as far as there is room by now", async () => {
    const limits = { ...noLimits, entries: 2 };
    await using host = await TestHost.open({ limits });
    const feed = new FakeFeed();
    const range = (i: number) => `203.0.113.${i}`;
    const bans = [1, 2, 3, 4].map((i) => ban(range(i)));
    await host.carryOut(feed.append(bans));
    await host.carryOut(feed.append([lift(range(1))]));
    await host.tidy();
    expect(await host.holds(...[1, 2, 3, 4].map(range))).toEqual([
      ...[false, true, true, false],
    ]);
  });
});

const maintain = (
  host: TestHost,
  broken: { readonly purge?: () => boolean },
  stricter = policy,
) =>
  new ReReview({
    ledger: {
      purge: (...args) => host.ledger.purge(...args),
      reviewAgain: (...args) => host.ledger.reviewAgain(...args),
      revision: () => host.ledger.revision(),
      overrides: host.ledger.overrides,
      unconfirmed: host.ledger.unconfirmed,
      ...broken,
    },
    facts: () => facts,
    policy: stricter,
    approvals: host.approvals,
    policies: host.core.policies,
    limiter: host.limiter,
    trial: noTrial,
    clock: systemBanClock,
    events: host.events,
    enforce: () => host.enforcement.enforce(),
  });
