import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { sh } from "../../scripts/lab/namespace.js";
import { HealingHost } from "../support/agent/healing.js";
import { flood } from "../support/kernel/flood.js";
import { describeInNamespace } from "../support/kernel/namespace.js";
import { until } from "../support/time/clock.js";

const BANS = [
  ...["203.0.113.1", "203.0.113.2", "198.18.5.0/24", "203.0.113.64/28"],
  ...["2001:db8:1::1", "2001:db8:2::/48"],
];

describeInNamespace("a ruleset that others disturb", () => {
  let healing: HealingHost;

  beforeEach(async () => {
    healing = await HealingHost.start();
    await healing.ban(...BANS);
  });
  afterEach(async () => {
    await healing[Symbol.asyncDispose]();
    await sh("nft flush ruleset");
  });

  const T = "inet tourniquet";

  it.each([
    ["the table is deleted", `nft delete table ${T}`, "removed the table"],
    ["everything is flushed", "nft flush ruleset", "removed the table"],
    [
      "one ban is deleted",
      `nft delete element ${T} ban4_32_a { 203.0.113.1 }`,
      "removed bans",
    ],
    [
      "a set of bans is flushed",
      `nft flush set ${T} ban4_32_a`,
      "removed bans (2)",
    ],
    [
      "a ban is added",
      `nft add element ${T} ban4_32_a { 203.0.113.66 }`,
      "added bans",
    ],
    [
      "what is no range of its set is added",
      `nft add element ${T} ban4_24_a { 203.0.113.66 }`,
      "added bans",
    ],
    [
      "a chain is flushed",
      `nft flush chain ${T} prerouting`,
      /removed rules of prerouting/,
    ],
    [
      "a chain is deleted",
      `nft flush chain ${T} prerouting; nft delete chain ${T} prerouting`,
      /removed rules of prerouting/,
    ],
    [
      "the label is removed",
      `nft flush set ${T} label_a`,
      "changed set label_a",
    ],
    [
      "the table is switched off",
      `nft add table ${T} "{ flags dormant; }"`,
      "changed the table",
    ],
    [
      "an area is removed",
      `nft delete element ${T} area4_23to24_a { 198.18.5.0 }`,
      "removed areas",
    ],
    [
      "an address is allowed",
      `nft add element ${T} allow4 { 203.0.113.0/25 }`,
      /changed set allow4/,
    ],
    [
      "a rule is put before ours",
      `nft insert rule ${T} prerouting accept`,
      "added rules of prerouting",
    ],
    [
      "chains and sets are added",
      `nft add chain ${T} theirs; nft add set ${T} theirs "{ type mark; }"`,
      "added chains of theirs",
    ],
  ])("is healed at once, and told of, when %s", async (_, command, what) => {
    const before = await rulesetNow();
    await sh(command);
    const since = performance.now();
    await until("healed", async () => healing.isWhole("203.0.113.66"));
    await until("told", () => healing.told.length > 0);
    const tookMs = performance.now() - since;
    expect(healing.told[0]).toMatch(/^nft \(pid \d+\) /);
    if (typeof what === "string")
      expect(healing.told[0]).toContain(` ${what};`);
    else expect(healing.told[0]).toMatch(what);
    expect(healing.told[0]).toMatch(/put right after \d+ ms$/);
    await until("as before", async () => (await rulesetNow()) === before, 500);
    expect(tookMs).toBeLessThan(250);
  });

  it("is told of once for each change, and not for our own", async () => {
    await healing.ban("203.0.113.9", "11.0.0.0/12");
    await sh(`nft delete element ${T} ban4_32_a { 203.0.113.1 }`);
    await healing.nextTold();
    await healing.ban("203.0.113.10");
    await sh("nft add table inet others; nft delete table inet others");
    await sh(`nft delete element ${T} ban4_32_a { 203.0.113.2 }`);
    expect(await healing.nextTold()).toContain("removed bans;");
    expect(healing.told).toEqual([]);
  });

  it("leaves a table of the same name in another family alone", async () => {
    await sh(`nft add table ip tourniquet
      nft add chain ip tourniquet c
      nft add rule ip tourniquet c accept`);
    const theirs = await sh("nft list table ip tourniquet");
    await sh(`nft delete table ${T}`);
    await healing.nextTold();
    expect(await sh("nft list table ip tourniquet")).toBe(theirs);
    await sh("nft delete table ip tourniquet");
    await sh(`nft delete element ${T} ban4_32_a { 203.0.113.1 }`);
    await healing.nextTold();
    expect(healing.told).toEqual([]);
  });

  it("heals a table that somebody replaced by one of his own", async () => {
    await sh(`nft -f - <<'END'
delete table inet tourniquet
table inet tourniquet {
  set ban4_32_a {
    type inet_service
  }
  chain prerouting {
    type filter hook input priority 0
    tcp dport @ban4_32_a drop
  }
}
END`);
    await until("healed", async () => healing.isWhole());
    expect(await sh("nft list chain inet tourniquet prerouting")).toContain(
      "hook prerouting priority raw - 10",
    );
  });

  it("heals chains of its names at hooks of others", async () => {
    await sh(`nft -f - <<'END'
flush chain inet tourniquet prerouting
delete chain inet tourniquet prerouting
add chain inet tourniquet prerouting { type filter hook input priority 5; policy accept; }
END`);
    await healing.nextTold();
    expect(await sh("nft list chain inet tourniquet prerouting")).toContain(
      "hook prerouting priority raw - 10",
    );
    expect(await healing.isWhole()).toBe(true);
  });

  it("is not hurt by ten thousand changes of other tables in a second", async () => {
    await sh(`nft add table inet others
      nft add set inet others s "{ type ipv4_addr; }"`);
    const flooded = flood("others", "s", 3);
    await sh(`nft delete element ${T} ban4_32_a { 203.0.113.1 }`);
    const since = performance.now();
    await until("healed", () => healing.isWhole());
    expect(performance.now() - since).toBeLessThan(500);
    await flooded;
    await until("told", () => healing.told.length > 0);
    expect(healing.told).toHaveLength(1);
  });

  const rulesetNow = async () =>
    (await sh("nft -s list table inet tourniquet || true"))
      .replaceAll(/expires \S+/g, "")
      .replaceAll(/timeout \d\S*/g, "")
      .replaceAll(/handle \d+/g, "")
      .split("\n")
      .map((line) => line.trim().replace(/\s+/g, " "))
      .map((line) =>
        line.startsWith("elements")
          ? line
              .split(/[ ,{}=]+/)
              .sort()
              .join()
          : line,
      )
      .sort()
      .join("\n");
});
