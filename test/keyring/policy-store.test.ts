import { describe, expect, it } from "@jest/globals";
import { PolicyStore } from "../../agent/keyring/policy-store.js";
import { formatCidr, parseCidr } from "../../agent/model/cidr.js";
import type { SignedText } from "../../agent/protocol/signed-text.js";
import { systemBanClock } from "../../agent/runtime/clock.js";
import { NO_FLOOR } from "../../agent/trust/policy.js";
import { signText } from "../../agent/trust/sign.js";
import { ban, policy } from "../support/agent/agent-fixtures.js";
import {
  DAY_MS,
  PolicyHost,
  policyOf,
  signPolicy,
} from "../support/agent/policies.js";
import { World } from "../support/agent/world.js";
import { FakeFeed } from "../support/cloud/fake-cloud.js";
import { document2 } from "../support/cloud/siege.js";
import { keys, signRoot, NEXT_SIGNERS } from "../support/vectors.js";

const OFFICE = "203.0.113.0/24";

describe("a policy that is pushed", () => {
  it("holds bans of feeds within what it allows, and is named in receipts", async () => {
    await using world = await World.open({ policy, protocol: 2 });
    const urgent = new FakeFeed();
    const link = await world.cloud.welcomed([urgent.tail()], 600_000);
    link.say({ type: "policy", policy: signPolicy(policyOf([OFFICE])) });
    await world.logged("info: a policy counts now");
    link.push(urgent.append([ban("203.0.113.7"), ban("198.51.100.7")]));
    const receipt = await link.next("receipt");
    expect(JSON.parse(receipt.signed)).toMatchObject({
      held: [{ range: "203.0.113.7", rule: "allowed-by-policy" }],
      ext: { policy: 1 },
    });
    expect(await world.host.holds("203.0.113.7", "198.51.100.7")).toEqual([
      ...[false, true],
    ]);
  });
});

describe("a policy that fits no frame", () => {
  it("is passed over, and the link goes on", async () => {
    await using world = await World.open({ policy, protocol: 2 });
    const urgent = new FakeFeed();
    const link = await world.cloud.welcomed([urgent.tail()], 600_000);
    const until = Date.now() + DAY_MS;
    const allow = Array.from({ length: 64 }, (_, i) => ({
      ...{ until, why: '"'.repeat(128) },
      ranges: Array.from(
        { length: 16 },
        (_, n) => `2001:db8:${i}${n}:1234::/64`,
      ),
    }));
    link.say({ type: "policy", policy: signPolicy(policyOf([], { allow })) });
    await world.logged("warn: refused a policy");
    link.push(urgent.append([ban("203.0.113.7")]));
    await link.next("receipt");
    expect(await world.host.holds("203.0.113.7")).toEqual([true]);
  });
});

describe("a policy that does not count", () => {
  const alien = { org: "globex" };
  it.each<[string, () => SignedText]>([
    ["by a critical key", () => signPolicy(policyOf([OFFICE]), "critical")],
    ["by a stranger", () => signPolicy(policyOf([OFFICE]), "stranger")],
    ["of another org", () => signPolicy(policyOf([OFFICE], alien))],
    [
      "that has run out",
      () => signPolicy(policyOf([OFFICE], { expiresAt: Date.now() - 1 })),
    ],
    ["of a range that is wide", () => signPolicy(policyOf(["203.0.112.0/23"]))],
    [
      "of what a translator shows of all IPv4",
      () => signPolicy(policyOf(["64:ff9b::/96"])),
    ],
    [
      "that is of the future",
      () =>
        signPolicy(
          policyOf([OFFICE], {
            issuedAt: Date.now() + 30 * DAY_MS,
            expiresAt: Date.now() + 60 * DAY_MS,
          }),
        ),
    ],
    [
      "that was meant as an approval",
      () => signText("approval", policyOf([OFFICE]), [keys.contentA], 2),
    ],
    [
      "with a mode in it",
      () => signPolicy(policyOf([OFFICE], { mode: "observe" })),
    ],
  ])("allows nothing: one %s", async (_, text) => {
    await using it = await PolicyHost.open();
    it.host.core.policies.hear(text());
    expect(it.host.core.policies.allowed()).toEqual([]);
    expect(it.host.log.lines).toEqual(["warn: refused a policy"]);
  });

  it("is an older one, or another of the same moment", async () => {
    await using it = await PolicyHost.open();
    const { policies } = it.host.core;
    const issuedAt = Date.now();
    const at = (version: number, ranges: string[], later = 0) =>
      policies.hear(
        signPolicy(policyOf(ranges, { version, issuedAt: issuedAt + later })),
      );
    at(2, []);
    at(1, [OFFICE], 5_000);
    at(2, [OFFICE]);
    expect(policies.allowed()).toEqual([]);
    at(2, [OFFICE], 1);
    expect(policies.allowed()).toHaveLength(1);
  });

  it("lets nothing wide through a translator of the host's own network", async () => {
    const translators = [parseCidr("2001:db8:64::/96")];
    await using it = await PolicyHost.open({
      policy: { ...policy, translators },
    });
    const { policies } = it.host.core;
    const ranges = ["2001:db8:64::/48", "2001:db8:64::cb00:0/104"];
    policies.hear(
      signPolicy(policyOf([...ranges, "2001:db8:64::cb00:7100/120"])),
    );
    expect(policies.allowed().map(({ cidr }) => formatCidr(cidr))).toEqual([
      "2001:db8:64::cb00:7100/120",
    ]);
  });

  it("is any where whoever runs the host wants none", async () => {
    await using it = await PolicyHost.open();
    const { policies, trust } = it.host.core;
    policies.hear(signPolicy(policyOf([OFFICE])));
    const off = new PolicyStore({
      ...{ org: "acme", policy: "off", roots: trust.roots },
      translators: [],
      ...{ ledger: it.host.ledger, clock: systemBanClock },
      events: it.host.events,
    });
    expect(off.allowed()).toEqual([]);
    off.hear(signPolicy(policyOf([OFFICE], { version: 9 })));
    expect(off.newest).toBeUndefined();
    expect(it.host.log.lines.at(-1)).toBe("warn: refused a policy");
  });
});

describe("policies", () => {
  it("outlast a restart, as far as they still verify", async () => {
    await using it = await PolicyHost.open();
    const { ledger, core, events } = it.host;
    core.policies.hear(signPolicy(policyOf([OFFICE])));
    const again = () =>
      new PolicyStore({
        ...{ org: "acme", policy: "follow", roots: core.trust.roots },
        translators: [],
        ...{ ledger, clock: systemBanClock, events },
      });
    expect(again().newest?.fingerprint).toBe(core.policies.newest?.fingerprint);
    const forged = signPolicy(policyOf([OFFICE], { version: 2 }), "stranger");
    const signed = JSON.stringify(forged);
    const row = { org: "acme", version: 2, ...NO_FLOOR };
    ledger.policies.keep({ ...row, signed });
    expect(again().newest).toBeUndefined();
    expect(ledger.policies.kept()).toMatchObject({ signed: null });
    ledger.policies.keep({ ...row, org: "globex", signed });
    expect(again().newest).toBeUndefined();
    expect(ledger.policies.kept()).toBeUndefined();
  });

  it("count no more once a root revokes their key", async () => {
    await using it = await PolicyHost.open();
    const { policies, trust } = it.host.core;
    policies.hear(signPolicy(policyOf([OFFICE])));
    trust.roots.hear(signRoot(document2, NEXT_SIGNERS));
    expect(policies.newest).toBeUndefined();
    expect(it.host.log.lines).toContain("warn: the policy counts no more");
  });

  it("do not come back by another key once a root revokes that of the newest", async () => {
    await using it = await PolicyHost.open();
    const { ledger, core, events } = it.host;
    const { policies, trust } = core;
    const revokedAt = Date.now() - 1_000;
    const older = signPolicy(
      policyOf([OFFICE], { version: 3, issuedAt: revokedAt - 1 }),
      "contentB",
    );
    policies.hear(signPolicy(policyOf([], { version: 7 })));
    const issuedAt = revokedAt;
    trust.roots.hear(signRoot({ ...document2, issuedAt }, NEXT_SIGNERS));
    policies.hear(older);
    expect(policies.newest).toBeUndefined();
    const again = new PolicyStore({
      ...{ org: "acme", policy: "follow", roots: trust.roots },
      translators: [],
      ...{ ledger, clock: systemBanClock, events },
    });
    again.hear(older);
    expect(again.newest).toBeUndefined();
    again.hear(
      signPolicy(policyOf([OFFICE], { version: 1, issuedAt }), "contentB"),
    );
    expect(again.allowed()).toHaveLength(1);
  });

  it("let wide ranges while their allowance of the critical keys is good", async () => {
    let aheadMs = 0;
    const clock = {
      ...systemBanClock,
      now: () => Date.now() + aheadMs,
    };
    await using it = await PolicyHost.open();
    const { ledger, core, events } = it.host;
    const store = new PolicyStore({
      ...{ org: "acme", policy: "follow", roots: core.trust.roots },
      translators: [],
      ...{ ledger, clock, events },
    });
    const allowance = signAllowance(Date.now(), ["198.18.0.0/15"]);
    store.hear(signPolicy(policyOf(["198.18.0.0/16", OFFICE], { allowance })));
    expect(store.allowed()).toHaveLength(2);
    aheadMs = 3_600_001;
    expect(store.allowed()).toHaveLength(1);
    aheadMs = DAY_MS + 1_000;
    expect(store.allowed()).toEqual([]);
  });

  it("take no allowance that a newer one was signed after", async () => {
    await using it = await PolicyHost.open();
    const { ledger, core, events } = it.host;
    const at = Date.now();
    const first = signAllowance(at - 1_000, ["198.18.0.0/15"]);
    const second = signAllowance(at, ["198.18.0.0/20"]);
    const wish = (
      version: number,
      ranges: readonly string[],
      allowance?: SignedText,
    ) =>
      signPolicy(
        policyOf(ranges, { version, ...(allowance && { allowance }) }),
      );
    const { policies } = core;
    policies.hear(wish(1, ["198.18.0.0/16"], first));
    policies.hear(wish(2, ["198.18.0.0/20"], second));
    policies.hear(wish(3, []));
    policies.hear(wish(4, ["198.18.0.0/16"], first));
    expect(policies.newest?.document.version).toBe(3);
    const again = new PolicyStore({
      ...{ org: "acme", policy: "follow", roots: core.trust.roots },
      translators: [],
      ...{ ledger, clock: systemBanClock, events },
    });
    again.hear(wish(4, ["198.18.0.0/16"], first));
    expect(again.newest?.document.version).toBe(3);
    again.hear(wish(4, ["198.18.0.0/20"], second));
    expect(again.allowed()).toHaveLength(1);
  });
});

/** Good for an hour. */
const signAllowance = (issuedAt: number, ranges: readonly string[]) =>
  signText(
    "allowance",
    {
      ...{ type: "allowance", org: "acme", issuedAt },
      ...{ expiresAt: issuedAt + 3_600_000, ranges },
    },
    [keys.critical],
    2,
  );
