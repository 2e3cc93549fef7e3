import { describe, expect, it } from "@jest/globals";
import { DryRunEnforcer } from "../../agent/enforce/dry-run/dry-run-enforcer.js";
import {
  CannotEnforce,
  RulesetGone,
  DEFAULT_POSTURE,
} from "../../agent/enforce/enforcer.js";
import { pickEnforcer } from "../../agent/enforce/pick.js";
import { parseCidr } from "../../agent/model/cidr.js";
import { systemBanClock } from "../../agent/runtime/clock.js";
import { lasting, slices } from "../support/agent/entries.js";
import { hitsOf } from "../support/agent/hits.js";

const LABEL = { ledger: 7, revision: 1 };

describe("a dry run", () => {
  const holds = (enforcer: DryRunEnforcer, ...ranges: string[]) =>
    enforcer.hasBan(ranges.map(parseCidr));

  it("takes rulesets and changes as a kernel would", async () => {
    const enforcer = new DryRunEnforcer(systemBanClock);
    expect(await enforcer.read()).toEqual({ at: "absent" });
    await enforcer.rebuild(LABEL, slices(lasting(60, "192.0.2.1")));
    await enforcer.apply({
      revision: 2,
      put: [...lasting(60, "10.0.0.0/9"), ...lasting(-1, "192.0.2.3")],
      remove: [parseCidr("192.0.2.1")],
    });
    expect(await enforcer.read()).toEqual({
      at: "present",
      ...LABEL,
      revision: 2,
      posture: DEFAULT_POSTURE,
    });
    expect(
      await holds(enforcer, "192.0.2.1", "10.0.0.0/9", "192.0.2.3"),
    ).toEqual([false, true, false]);
    expect(await hitsOf(enforcer)).toEqual([]);
    expect(await enforcer.totals()).toEqual([]);
    expect((await enforcer.hits()).crowded).toBe(false);
    await enforcer.cleanUp();
    expect(await enforcer.read()).toEqual({ at: "absent" });
  });

  it("has nothing to change before a ruleset is built", async () => {
    const enforcer = new DryRunEnforcer(systemBanClock);
    const change = { revision: 2, put: [], remove: [] };
    await expect(enforcer.apply(change)).rejects.toThrow(RulesetGone);
  });

  it("forgets the oldest of many, and calls what it forgot held", async () => {
    const enforcer = new DryRunEnforcer(systemBanClock);
    const many = Array.from({ length: 70_000 }, (_, i) => {
      const address = Uint8Array.of(10, i >> 16, (i >> 8) & 255, i & 255);
      return {
        cidr: { family: 4, address, prefix: 32 } as const,
        expiresAt: 2 ** 33,
        observed: false,
      };
    });
    await enforcer.rebuild(LABEL, slices(many));
    await enforcer.apply({
      revision: 2,
      put: [],
      remove: [parseCidr("10.0.0.1")],
    });
    expect(
      await holds(enforcer, "10.0.0.0", "10.0.0.1", "10.1.17.111"),
    ).toEqual([true, false, true]);
  });
});

describe("picking an enforcer", () => {
  it("says so where nftables cannot be", async () => {
    const picked = pickEnforcer({
      backend: "nftables",
      platform: "darwin",
      clock: systemBanClock,
    });
    await expect(picked).rejects.toThrow(
      new CannotEnforce("nftables needs Linux, and this is darwin"),
    );
  });

  it("runs dry anywhere", async () => {
    await using enforcer = await pickEnforcer({
      backend: "dry-run",
      platform: "win32",
      clock: systemBanClock,
    });
    expect(await enforcer.read()).toEqual({ at: "absent" });
  });
});
