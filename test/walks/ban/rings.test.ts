import { describe, expect, it } from "@jest/globals";
import type { BanOp } from "../../../agent/model/ban.js";
import { rings, type RingTimes } from "../../../agent/model/rings.js";
import { unixSeconds } from "../../../agent/runtime/clock.js";
import {
  ban,
  heldOf,
  lift,
  TestHost,
} from "../../support/agent/agent-fixtures.js";
import { noLimits } from "../../support/agent/limits.js";
import { FakeFeed } from "../../support/cloud/fake-feed.js";
import { ManualClock } from "../../support/time/clock.js";

describe("a ban in rings", () => {
  it("is held until this host's ring has its turn, and then in force by itself", async () => {
    await using host = await TestHost.open({ clock: clockFromNow() });
    const outcome = await host.carryOut(
      new FakeFeed().append([ban("203.0.113.99"), ringed(host, 600)]),
    );
    expect(heldOf(outcome)).toEqual(["203.0.113.7 ring"]);
    expect(await host.holds("203.0.113.99", "203.0.113.7")).toEqual([
      true,
      false,
    ]);
    await pass(host, 599);
    expect(await host.holds("203.0.113.7")).toEqual([false]);
    await pass(host, 2);
    expect(await host.holds("203.0.113.7")).toEqual([true]);
    expect(host.ledger.counts()).toMatchObject([{ bans: 2, held: 0 }]);
  });

  it("is in force at once where its ring has begun", async () => {
    await using host = await TestHost.open({ clock: clockFromNow() });
    const others = { ...ringed(host, 600).rings, [host.approvals.ring]: 0 };
    const begun = sorted(others, host);
    await host.carryOut(
      new FakeFeed().append([{ ...ban("203.0.113.7"), rings: begun }]),
    );
    expect(await host.holds("203.0.113.7")).toEqual([true]);
  });

  it("waits through a snapshot of the feed, which says its times as well", async () => {
    await using host = await TestHost.open({ clock: clockFromNow() });
    const feed = new FakeFeed();
    const waits = ringed(host, 600);
    await host.carryOut(feed.append([waits]));
    feed.append([ban("203.0.113.99")]); // missed
    await host.adopt(feed.snapshot([waits, ban("203.0.113.99")]));
    await pass(host, 1);
    expect(await host.holds("203.0.113.99", "203.0.113.7")).toEqual([
      true,
      false,
    ]);
    await pass(host, 601);
    expect(await host.holds("203.0.113.7")).toEqual([true]);
  });

  it("can be lifted, or ordered for all at once, before its time", async () => {
    await using host = await TestHost.open({ clock: clockFromNow() });
    const feed = new FakeFeed();
    const [one, other] = ["203.0.113.7", "203.0.113.8"] as const;
    await host.carryOut(
      feed.append([ringed(host, 600, one), ringed(host, 600, other)]),
    );
    await host.carryOut(feed.append([lift(one), ban(other)]));
    expect(await host.holds(one, other)).toEqual([false, true]);
    await pass(host, 601);
    expect(await host.holds(one, other)).toEqual([false, true]);
  });

  it("stays out where a guard or a limit holds it when its turn comes", async () => {
    const limits = { ...noLimits, entries: 1 };
    await using host = await TestHost.open({ limits, clock: clockFromNow() });
    const feed = new FakeFeed();
    const wide = ringed(host, 600, "16.0.0.0/9");
    await host.carryOut(feed.append([ban("203.0.113.99"), ringed(host, 600)]));
    const outcome = await host.carryOut(feed.append([wide]));
    expect(heldOf(outcome)).toEqual(["16.0.0.0/9 too-wide"]);
    await pass(host, 601);
    expect(rulesOf(host)).toEqual([
      "16.0.0.0/9 too-wide",
      "203.0.113.7 too-many-bans",
    ]);
  });

  it("is kept where more bans are held than are remembered", async () => {
    await using host = await TestHost.open({ clock: clockFromNow() });
    const feed = new FakeFeed();
    const range = (i: number) => `203.${i >> 8}.${i & 255}.1`;
    for (let i = 0; i < 12_000; i += 4_000) {
      const ops = Array.from({ length: 4_000 }, (_, n) =>
        ringed(host, 600, range(i + n)),
      );
      await host.carryOut(feed.append(ops));
    }
    expect(host.ledger.counts()).toMatchObject([{ held: 12_000 }]);
    expect(host.ledger.unkept()).toEqual([]);
    await pass(host, 601);
    expect(host.ledger.counts()).toMatchObject([{ bans: 12_000, held: 0 }]);
    expect(await host.holds(range(0), range(11_999))).toEqual([true, true]);
  });
});

const clockFromNow = () => new ManualClock(Date.now());

/** Every ring at once, so many seconds from now. */
function ringed(
  host: TestHost,
  inS: number,
  range = "203.0.113.7",
): BanOp & { readonly rings: RingTimes } {
  const at = unixSeconds(host.banClock.now()) + inS;
  const times = { canary: at, early: at, broad: at, all: at };
  return { ...ban(range, 7_200), rings: times };
}

/** No ring before the one before it: what comes before this host's has begun. */
function sorted(times: RingTimes, host: TestHost): RingTimes {
  const own = rings.indexOf(host.approvals.ring);
  const at = (i: number) => (i <= own ? 0 : times.all);
  return { canary: at(0), early: at(1), broad: at(2), all: at(3) };
}

async function pass(host: TestHost, seconds: number): Promise<void> {
  const { clock } = host;
  if (!(clock instanceof ManualClock)) throw new TypeError("a manual clock");
  await clock.advance(seconds * 1_000);
  const review = { isOver: false };
  const tidied = host.tidy().finally(() => (review.isOver = true));
  while (!review.isOver) await clock.advance(20); // between two slices
  await tidied;
}

const rulesOf = (host: TestHost): readonly string[] =>
  host.ledger
    .held({ limit: 9 }, unixSeconds(host.banClock.now()))
    .map(({ cidr, held }) => `${cidr.address.join(".")}/${cidr.prefix} ${held}`)
    .map((text) => text.replace("/32", ""));
