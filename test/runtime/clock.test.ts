import { describe, expect, it } from "@jest/globals";
import type { Ledger } from "../../agent/ledger/ledger.js";
import type { Cidr } from "../../agent/model/cidr.js";
import {
  asBanClock,
  systemClock,
  unixSeconds,
  type BanClock,
  type Clock,
} from "../../agent/runtime/clock.js";
import type { TrustedRoot } from "../../agent/trust/root.js";
import { ManualClock } from "../support/time/clock.js";

describe("a clock of bans", () => {
  it("says the time of another clock, and runs with it", () => {
    const clock = new ManualClock();
    const banClock = asBanClock(clock);
    expect(banClock.now()).toBe(clock.now());
    expect(unixSeconds(1_999)).toBe(1);
  });

  /** Never called: that it compiles, and only so, is the test. */
  it("is no wall clock, and seconds are no milliseconds, for the compiler", () => {
    const wall = (_: Pick<Clock, "now">) => undefined;
    const bans = (_: Pick<BanClock, "now">) => undefined;
    const misuse = (ledger: Ledger, root: TrustedRoot, cidr: Cidr) => {
      const now = systemClock.now();
      // @ts-expect-error -- bans do not expire by the wall clock
      bans(systemClock);
      // @ts-expect-error -- nor is theirs the time of the day
      wall(asBanClock(systemClock));
      // @ts-expect-error -- the ledger counts in seconds
      ledger.bansOn(cidr, now);
      // @ts-expect-error -- roots end at a millisecond
      root.mustBeGoodAt(unixSeconds(now));
      ledger.bansOn(cidr, unixSeconds(now));
    };
    expect(misuse).toBeInstanceOf(Function);
  });
});
