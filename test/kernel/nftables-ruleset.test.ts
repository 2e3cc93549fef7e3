import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { RulesetGone, type Enforcer } from "../../agent/enforce/enforcer.js";
import { openNftables } from "../../agent/enforce/nftables/open.js";
import { FOREVER } from "../../agent/model/ban.js";
import { parseCidr } from "../../agent/model/cidr.js";
import { systemBanClock } from "../../agent/runtime/clock.js";
import { sh } from "../../scripts/lab/namespace.js";
import { lasting, slices } from "../support/agent/entries.js";
import { describeInNamespace } from "../support/kernel/namespace.js";

const LABEL = { ledger: 0xfeed_beef, revision: 1 };

describeInNamespace("the nftables ruleset", () => {
  let enforcer: Enforcer;

  beforeEach(async () => {
    enforcer = await openNftables(systemBanClock);
  });
  afterEach(async () => {
    await enforcer.cleanUp();
    await enforcer[Symbol.asyncDispose]();
  });

  const holds = (...ranges: string[]) => enforcer.hasBan(ranges.map(parseCidr));
  const put = (revision: number, ...ranges: string[]) =>
    enforcer.apply({ revision, put: lasting(60, ...ranges), remove: [] });
  const rules = (chain: string) =>
    sh(`nft -s list chain inet tourniquet ${chain}`);

  it("is absent until it is built, and carries its label from then on", async () => {
    expect(await enforcer.read()).toEqual({ at: "absent" });
    const label = { ledger: 0xffff_ffff, revision: 2 ** 53 - 1 };
    await enforcer.rebuild(label, slices());
    expect(await enforcer.read()).toMatchObject({ at: "present", ...label });
    await enforcer.cleanUp();
    expect(await enforcer.read()).toEqual({ at: "absent" });
  });

  it("reads well in nft", async () => {
    await enforcer.rebuild(
      LABEL,
      slices(lasting(60, "192.0.2.1", "198.51.100.0/24", "10.0.0.0/12")),
    );
    await put(2, "203.0.0.0/20");
    expect(await rules("prerouting")).toContain(
      "type filter hook prerouting priority raw - 10; policy accept;",
    );
    expect(await rules("prerouting")).toContain(
      "ip saddr & 255.255.0.0 == @area4_6to32_a jump in4_6to32",
    );
    expect(await rules("in4_6to32")).toBe(`table inet tourniquet {
	chain in4_6to32 {
		ip saddr @ban4_32_a goto banned_in4
		ip saddr & 255.255.0.0 == @area4_6to31_a jump in4_6to31
	}
}
`);
    expect(await rules("in4_6to31")).toBe(`table inet tourniquet {
	chain in4_6to31 {
		ip saddr & 255.240.0.0 == @ban4_12_a goto banned_in4
		ip saddr & 255.255.240.0 == @ban4_20_a goto banned_in4
		ip saddr & 255.255.255.0 == @ban4_24_a goto banned_in4
	}
}
`);
    expect(await rules("banned_out6")).toBe(`table inet tourniquet {
	chain banned_out6 {
		ip6 daddr @allow6 accept
		ip6 daddr 2001:db8::254 counter name "probe_dropped6" drop
		meta l4proto @ported update @told6 { ip6 daddr . meta l4proto . th dport . iif limit rate 6/minute burst 4 packets } log prefix "dropped" group 29809 snaplen 128 queue-threshold 1
		meta l4proto != @ported update @told6 { ip6 daddr . meta l4proto . 0 . iif limit rate 6/minute burst 4 packets } log prefix "dropped" group 29809 snaplen 128 queue-threshold 1
		counter name "dropped_out6" limit rate over 1000/second burst 1000 packets meta random & 31 != 0 drop
		meta l4proto @counted update @remotes_out6 { ip6 daddr . meta l4proto . iif . 0x00000000 counter } drop
		update @remotes_out6 { ip6 daddr . 255 . iif . 0x00000000 counter } drop
		drop
	}
}
`);
  });

  it("is read back by nft as nft lists it", async () => {
    await enforcer.rebuild(
      LABEL,
      slices(
        lasting(60, "192.0.2.1", "198.51.100.0/24", "10.0.0.0/12", "8.0.0.0/5"),
        lasting(
          60,
          "2001:db8::1",
          "2001:db8::/48",
          "2001:db8::/33",
          "2000::/3",
        ),
      ),
    );
    const listed = await sh("nft -s list table inet tourniquet");
    await sh(`nft -f - <<'END'
delete table inet tourniquet
${listed}
END`);
    expect(await sh("nft -s list table inet tourniquet")).toBe(listed);
  });

  it("takes a change twice, with ranges in it twice, absent or present", async () => {
    await enforcer.rebuild(LABEL, slices(lasting(60, "192.0.2.1")));
    const change = {
      revision: 7,
      put: lasting(60, "192.0.2.1", "192.0.2.2", "192.0.2.2", "2001:db8::/48"),
      remove: ["192.0.2.3", "192.0.2.2", "192.0.2.3", "9.0.0.0/9"].map(
        parseCidr,
      ),
    };
    await enforcer.apply(change);
    await enforcer.apply(change);
    expect(await enforcer.read()).toMatchObject({ revision: 7 });
    expect(
      await holds("192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::/48"),
    ).toEqual([true, true, false, true]);
  });

  it("holds a ban without an end, and drops one that has expired", async () => {
    await enforcer.rebuild(LABEL, slices(lasting(60, "192.0.2.2")));
    const cidr = parseCidr("192.0.2.1");
    const forever = { cidr, expiresAt: FOREVER, observed: false };
    await enforcer.apply({
      revision: 2,
      put: [forever, ...lasting(-5, "192.0.2.2", "192.0.2.3")],
      remove: [],
    });
    expect(await holds("192.0.2.1", "192.0.2.2", "192.0.2.3")).toEqual([
      true,
      false,
      false,
    ]);
  });

  it("takes ten thousand ranges in one step", async () => {
    await enforcer.rebuild(LABEL, slices());
    const many = Array.from({ length: 5_000 }, (_, i) => [
      `10.0.${i >> 8}.${i & 255}`,
      `2001:db8:${i.toString(16)}::/48`,
    ]).flat();
    try {
      await put(2, ...many);
    } catch (error) {
      // A user namespace grants no socket buffer of that size.
      expect(String(error)).toContain("EMSGSIZE");
      expect(await enforcer.read()).toMatchObject({ revision: 1 });
      return;
    }
    expect(new Set(await holds(...many))).toEqual(new Set([true]));
  });

  it("changes nothing when the ruleset has gone, and says so", async () => {
    await expect(put(2, "192.0.2.1")).rejects.toThrow(RulesetGone);
    await enforcer.rebuild(LABEL, slices(lasting(60, "192.0.2.1")));
    await sh("nft delete table inet tourniquet");
    await expect(put(2, "192.0.2.1")).rejects.toThrow(RulesetGone);
    expect(await holds("192.0.2.1")).toEqual([false]);
    expect(await sh("nft list tables inet")).not.toContain("tourniquet");
  });

  it("counts as absent when somebody took a rule out of it", async () => {
    await enforcer.rebuild(LABEL, slices(lasting(60, "192.0.2.1")));
    await sh("nft flush chain inet tourniquet prerouting");
    expect(await enforcer.read()).toEqual({ at: "absent" });
    await enforcer.rebuild(LABEL, slices(lasting(60, "192.0.2.1")));
    expect(await enforcer.read()).toMatchObject({ at: "present", ...LABEL });
  });

  it("replaces what has its name and is not its own", async () => {
    await sh(`nft -f - <<'END'
      table inet tourniquet {
        set ban4_32_a { type inet_service; }
        chain in4 { type filter hook input priority 0; tcp dport @ban4_32_a drop; }
      }
END`);
    expect(await enforcer.read()).toEqual({ at: "absent" });
    await enforcer.rebuild(LABEL, slices(lasting(60, "192.0.2.1")));
    expect(await holds("192.0.2.1")).toEqual([true]);
  });

  it("survives whoever built it", async () => {
    await enforcer.rebuild(
      LABEL,
      slices(lasting(60, "192.0.2.1", "10.0.0.0/9")),
    );
    await enforcer[Symbol.asyncDispose]();
    enforcer = await openNftables(systemBanClock);
    await enforcer.apply({
      revision: 2,
      put: lasting(60, "192.0.2.9"),
      remove: [parseCidr("10.0.0.0/9")],
    });
    expect(await enforcer.read()).toMatchObject({
      at: "present",
      ...LABEL,
      revision: 2,
    });
    expect(await holds("192.0.2.1", "192.0.2.9", "10.0.0.0/9")).toEqual([
      true,
      true,
      false,
    ]);
  });

  it("keeps the old ruleset when a rebuild fails half-way, and no more", async () => {
    await enforcer.rebuild(LABEL, slices(lasting(60, "192.0.2.1")));
    const before = await sh("nft -s list table inet tourniquet");
    async function* failing() {
      yield* slices(lasting(60, "192.0.2.2", "10.0.0.0/9"));
      throw new Error("the ledger is on fire");
    }
    await expect(
      enforcer.rebuild({ ledger: 2, revision: 9 }, failing()),
    ).rejects.toThrow("the ledger is on fire");
    expect(await enforcer.read()).toMatchObject({ at: "present", ...LABEL });
    const steady = (text: string) => text.replaceAll(/expires \S+/g, "");
    expect(steady(await sh("nft -s list table inet tourniquet"))).toBe(
      steady(before),
    );
  });

  it("clears away what a crash has left of a rebuild", async () => {
    await enforcer.rebuild(LABEL, slices(lasting(60, "192.0.2.1")));
    await sh(`nft -f - <<'END'
      table inet tourniquet {
        set ban4_32_b { type ipv4_addr; flags timeout; elements = { 192.0.2.66 } }
        set ban4_9_b { type ipv4_addr; flags timeout; }
        set area4_6to32_b { type ipv4_addr; elements = { 192.0.0.0 } }
      }
END`);
    await enforcer.rebuild(LABEL, slices(lasting(60, "192.0.2.1")));
    expect(await holds("192.0.2.1", "192.0.2.66")).toEqual([true, false]);
    expect(await sh("nft list sets inet")).not.toMatch(/_a \{|ban4_9/);
  });

  it("makes changes wait for a rebuild, and one for another", async () => {
    await Promise.all([
      enforcer.rebuild(LABEL, slices(lasting(60, "192.0.2.1"))),
      put(2, "192.0.2.2"),
      put(3, "10.0.0.0/9"),
    ]);
    expect(await enforcer.read()).toMatchObject({ revision: 3 });
    expect(await holds("192.0.2.1", "192.0.2.2", "10.0.0.0/9")).toEqual([
      true,
      true,
      true,
    ]);
  });

  it("keeps protected addresses through a rebuild, given before or after", async () => {
    const allowed = () => sh("nft list set inet tourniquet allow4");
    await enforcer.protect(
      ["10.0.0.0/8", "10.1.0.0/16", "11.0.0.0/8", "255.255.255.255"].map(
        parseCidr,
      ),
    );
    await enforcer.rebuild(LABEL, slices());
    expect(await allowed()).toContain("{ 10.0.0.0/7, 255.255.255.255 }");
    await enforcer.protect(["0.0.0.0/1", "192.0.2.1"].map(parseCidr));
    await enforcer.rebuild(LABEL, slices());
    expect(await allowed()).toContain("{ 0.0.0.0/1, 192.0.2.1 }");
  });

  it("leaves everybody else's tables alone", async () => {
    await sh("nft add table inet theirs; nft add chain inet theirs input");
    const theirs = await sh("nft list ruleset");
    await enforcer.rebuild(LABEL, slices(lasting(60, "192.0.2.1")));
    await enforcer.cleanUp();
    await enforcer.cleanUp();
    expect(await sh("nft list ruleset")).toBe(theirs);
    await sh("nft delete table inet theirs");
  });

  it("needs CAP_NET_ADMIN, and says so", async () => {
    const script = `
      const { openNftables } = await import("${OPEN}");
      const { systemBanClock } = await import("${CLOCK}");
      await openNftables(systemBanClock).catch((error) => console.log(error.message));`;
    const said = await sh(
      `setpriv --bounding-set=-net_admin --inh-caps=-net_admin ` +
        `${process.execPath} --input-type=module -e '${script}'`,
    );
    expect(said.trim()).toBe(
      "this host cannot enforce bans: the process lacks CAP_NET_ADMIN",
    );
  });
});

const OPEN = new URL("../../agent/enforce/nftables/open.js", import.meta.url)
  .href;
const CLOCK = new URL("../../agent/runtime/clock.js", import.meta.url).href;
