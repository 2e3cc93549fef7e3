import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { formatCidr, parseCidr } from "../../agent/model/cidr.js";
import { PROBE_REASON } from "../../agent/model/probe.js";
import { unixSeconds } from "../../agent/runtime/clock.js";
import { EnforcementProbe } from "../../agent/walks/reconcile/probe.js";
import { OWN_DEVICE, sh } from "../../scripts/lab/namespace.js";
import { facts, policy } from "../support/agent/agent-fixtures.js";
import { HealingHost } from "../support/agent/healing.js";
import { hitsOf } from "../support/agent/hits.js";
import { crowd } from "../support/kernel/crowd.js";
import { describeInNamespace } from "../support/kernel/namespace.js";

const DEVICE = `${OWN_DEVICE}proof`;
const T = "inet tourniquet";

describeInNamespace("a proof of enforcement", () => {
  let healing: HealingHost;
  let probe: EnforcementProbe;
  let guard = policy;

  beforeEach(async () => {
    guard = policy;
    await sh(`ip link add ${DEVICE} type veth peer name ${DEVICE}2
      ip link set ${DEVICE}2 up
      ip link set ${DEVICE} up
      ip addr add 192.0.2.10/24 dev ${DEVICE}
      ip addr add 2001:db8::10/64 dev ${DEVICE} nodad`);
    healing = await HealingHost.start({ deaf: true });
    const { host, enforcer } = healing;
    probe = new EnforcementProbe({
      ...{ ledger: host.ledger, enforcer, events: host.events },
      clock: { now: () => host.clock.now() + 0.5 }, // as that of bans is
      facts: () => ({ ...facts, gateways: [] }),
      get policy() {
        return guard;
      },
      enforce: () => host.enforcement.enforce(),
    });
    await host.enforcement.enforce();
  });
  afterEach(async () => {
    await probe[Symbol.asyncDispose]();
    await healing[Symbol.asyncDispose]();
    await sh(`ip link del ${DEVICE}; nft flush ruleset`);
  });

  it("sees its packets dropped, with bans like all others", async () => {
    expect(probe.view).toEqual({ latest: [], failures: 0 });
    expect(await outcomes()).toEqual(["dropped", "dropped"]);
    expect(await outcomes()).toEqual(["dropped", "dropped"]);
    const now = unixSeconds(Date.now());
    const { ledger } = healing.host;
    for (const { address } of probe.view.latest) {
      const bans = ledger.bansOn(address, now);
      expect(bans).toMatchObject([{ feed: "local", reason: PROBE_REASON }]);
      expect(bans[0]?.expiresAt).toBeGreaterThan(now + 3_500);
    }
    // Made once for both tries.
    expect(ledger.position("local")).toMatchObject({ offset: 2 });
  });

  it("sees them observed where the host only observes", async () => {
    healing.host.ledger.setMode("observe");
    await healing.enforcer.setPosture({ mode: "observe", egress: "drop" });
    expect(await outcomes()).toEqual(["observed", "observed"]);
  });

  it("sees them dropped where the host rejects", async () => {
    await healing.enforcer.setPosture({ mode: "enforce", egress: "reject" });
    await probe.prove();
    await healing.enforcer.setPosture({ mode: "enforce", egress: "reject" });
    expect(await outcomes()).toEqual(["dropped", "dropped"]);
  });

  it("proves all the same while every count is taken, and a local user floods it", async () => {
    await probe.prove();
    await crowd();
    for (const remote of ["192.0.2.254", "2001:db8::254"]) {
      const type = remote.includes(":") ? "udp6" : "udp4";
      const flood = `const s = require("dgram").createSocket("${type}"); let n = 0; const next = () => ++n > 3000 ? s.close() : s.send("x", n, "${remote}", next); next();`;
      await sh(`${process.execPath} --eval '${flood}'`);
    }
    expect(await outcomes()).toEqual(["dropped", "dropped"]);
    await healing.enforcer.makeRoom();
    const hits = await hitsOf(healing.enforcer);
    expect(hits.filter(({ packets }) => packets > 0)).toEqual([]);
  });

  it.each([
    ["all of it is gone", `nft delete table ${T}`],
    ["the table is switched off", `nft add table ${T} "{ flags dormant; }"`],
    ["the rules of a chain are gone", `nft flush chain ${T} postrouting`],
  ])("fails when %s, and is well again once put right", async (_, command) => {
    await probe.prove();
    await sh(command);
    expect(await outcomes()).toEqual(["failed", "failed"]);
    expect(probe.failing).toBeUndefined();
    expect(await outcomes()).toEqual(["failed", "failed"]);
    expect(probe.failing).toBe(
      "a packet to 192.0.2.254, which is banned, went on its way",
    );
    const { host } = healing;
    expect(host.log.lines).toContain(
      "error: packets to a banned address are not stopped",
    );
    await host.enforcement.repair({ depth: "rules", ranges: [] });
    expect(await outcomes()).toEqual(["dropped", "dropped"]);
    expect(probe.view.failures).toBe(0);
    expect(probe.failing).toBeUndefined();
  });

  it("fails where another table sends packets elsewhere, which no look finds", async () => {
    await probe.prove();
    await sh(`nft -f - <<'END'
      table inet detour {
        chain out {
          type nat hook output priority -100;
          ip daddr 192.0.2.254 dnat ip to 192.0.2.99
        }
      }
END`);
    expect(await outcomes()).toEqual(["failed", "dropped"]);
    expect(await healing.enforcer.inspect()).toEqual([]);
    await sh("nft delete table inet detour");
    expect(await outcomes()).toEqual(["dropped", "dropped"]);
  });

  it("proves nothing where something else drops them before", async () => {
    await probe.prove();
    await sh(`nft -f - <<'END'
      table inet strict {
        chain out { type filter hook output priority 0; policy drop; }
      }
END`);
    expect(await whys()).toEqual([
      "something else drops it",
      "something else drops it",
    ]);
    expect(probe.failing).toBeUndefined();
  });

  it("misses nothing of a family that this host does not speak", async () => {
    await sh(`ip -6 addr flush dev ${DEVICE}`);
    expect(await outcomes()).toEqual(["dropped"]);
    expect(probe.missing).toBeUndefined();
    await sh(`ip addr flush dev ${DEVICE}`);
    expect(await outcomes()).toEqual([]);
    expect(probe.missing).toMatch(/^no route since \d{4}-/);
  });

  it("is missing where it tells nothing though there is a route, since it began", async () => {
    const allow = [parseCidr("192.0.2.0/24")];
    guard = { ...policy, allow };
    await probe.prove();
    const before = probe.missing;
    expect(before).toMatch(
      /^no packet to 192\.0\.2\.254 shows it since .*: allowed-here protects it$/,
    );
    await probe.prove();
    expect(probe.missing).toBe(before);
    guard = policy;
    await probe.prove();
    expect(probe.missing).toBeUndefined();
  });

  it("proves nothing with an address that the guard protects", async () => {
    const allow = [parseCidr("192.0.2.0/24")];
    guard = { ...policy, allow };
    expect(await outcomes()).toEqual(["unproven", "dropped"]);
    expect((await whys())[0]).toBe("allowed-here protects it");
    const bans = healing.host.ledger.list(
      { limit: 10 },
      unixSeconds(Date.now()),
    );
    expect(bans.map(({ cidr }) => formatCidr(cidr))).toEqual(["2001:db8::254"]);
  });

  async function outcomes(): Promise<readonly string[]> {
    await probe.prove();
    return probe.view.latest.map(({ outcome }) => outcome);
  }

  async function whys(): Promise<readonly (string | undefined)[]> {
    await probe.prove();
    return probe.view.latest.map(({ why }) => why);
  }
});
