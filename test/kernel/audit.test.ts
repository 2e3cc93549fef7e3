import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { systemBanClock } from "../../agent/runtime/clock.js";
import { Audit } from "../../agent/walks/reconcile/audit.js";
import { sh } from "../../scripts/lab/namespace.js";
import { HealingHost } from "../support/agent/healing.js";
import { describeInNamespace } from "../support/kernel/namespace.js";
import { until } from "../support/time/clock.js";

const BANS = [
  ...["203.0.113.1", "203.0.113.2", "198.18.5.0/24", "203.0.113.64/28"],
  ...["2001:db8:1::1", "2001:db8:2::/48"],
];

const T = "inet tourniquet";

describeInNamespace("an audit of a kernel that nobody listens to", () => {
  let healing: HealingHost;
  let audit: Audit;

  beforeEach(async () => {
    healing = await HealingHost.start({ deaf: true });
    await healing.ban(...BANS);
    const { host, enforcer, repairer } = healing;
    const { ledger, events } = host;
    audit = new Audit({
      ...{
        ledger,
        enforcer,
        reconciler: host.core.reconciler,
        events,
        clock: systemBanClock,
      },
      disturbed: (disturbance) => repairer.disturbed(disturbance),
      enforce: () => host.enforcement.enforce(),
      repair: (damage) => host.enforcement.repair(damage),
    });
  });
  afterEach(async () => {
    const failed = "error: could not compare the kernel with the ledger";
    const { log } = healing.host;
    expect(log.fields[log.lines.indexOf(failed)]).toBeUndefined();
    await audit[Symbol.asyncDispose]();
    await healing[Symbol.asyncDispose]();
  });

  it("finds nothing where nothing is wrong", async () => {
    await audit.everything();
    await audit.look();
    expect(audit.view).toMatchObject({
      ...{ looks: 2, rounds: 1, checked: BANS.length, found: 0, redated: 0 },
    });
    expect(healing.told).toEqual([]);
  });

  it.each([
    [
      "a ban that is missing",
      `nft delete element ${T} ban4_32_a { 203.0.113.1 }`,
      "found 1 bans missing",
    ],
    [
      "an area that is missing",
      `nft flush set ${T} area4_23to24_a`,
      "found 1 bans missing",
    ],
    [
      "a ban that nobody ordered",
      `nft add element ${T} ban4_32_a { 203.0.113.66 }`,
      "found 1 bans that nobody ordered",
    ],
    [
      "a rule that is not ours, in place of one that is",
      `handle=$(nft -a list chain ${T} banned_in4 | grep -o "[0-9]*$" | tail -1)
       nft replace rule ${T} banned_in4 handle $handle accept`,
      "found changed: rule banned_in4",
    ],
    [
      "an address that nobody protected",
      `nft add element ${T} allow4 { 203.0.113.0/25 }`,
      "found changed: elements of allow4",
    ],
    [
      "a table that is switched off",
      `nft add table ${T} "{ flags dormant; }"`,
      "found changed: table tourniquet",
    ],
  ])("finds %s, and has it put right", async (_, command, what) => {
    await sh(command);
    await audit.everything();
    await until("told", () => healing.told.length > 0);
    expect(healing.told).toEqual([
      expect.stringMatching(`^${what}; put right after \\d+ ms$`),
    ]);
    await audit.everything();
    expect(healing.told).toHaveLength(1);
    expect(await healing.isWhole("203.0.113.66")).toBe(true);
  });

  it("puts right when a ban ends, without a word of it", async () => {
    await sh(`nft delete element ${T} ban4_32_a { 203.0.113.1 }
      nft add element ${T} ban4_32_a "{ 203.0.113.1 timeout 1m }"`);
    await audit.everything();
    expect(audit.view).toMatchObject({ found: 0, redated: 1 });
    expect(healing.told).toEqual([]);
    const set = await sh(`nft list set ${T} ban4_32_a`);
    expect(set).toMatch(/203\.0\.113\.1 timeout (1h|59m\S*) expires 59m/);
  });

  it("has all of them told anew where very many are missing", async () => {
    const many = Array.from(
      { length: 2_000 },
      (_, i) => `11.0.${i >> 8}.${i & 255}`,
    );
    await healing.ban(...many);
    await sh(`nft flush set ${T} ban4_32_a`);
    await audit.everything();
    await until("told", () => healing.told.length > 0);
    expect(healing.told).toEqual([
      expect.stringMatching(/^found at least \d+ bans missing; put right/),
    ]);
    expect(await healing.isWhole()).toBe(true);
  });

  it("finds that all of it is gone", async () => {
    await sh("nft flush ruleset");
    await audit.everything();
    expect(await healing.isWhole()).toBe(true);
  });

  it("goes round in slices, and leaves a kernel alone that is behind", async () => {
    const many = Array.from(
      { length: 1_000 },
      (_, i) => `11.0.${i >> 8}.${i & 255}`,
    );
    await healing.ban(...many);
    await sh(`nft delete element ${T} ban4_32_a { 11.0.1.1 }`);
    await audit.step();
    expect(audit.view).toMatchObject({ rounds: 1, found: 1 });
    await until("healed", () => healing.isWhole());
  });
});
