import { describe, expect, it } from "@jest/globals";
import { ApprovalStore } from "../../agent/keyring/approval-store.js";
import type { Rollout } from "../../agent/protocol/documents.js";
import { systemBanClock } from "../../agent/runtime/clock.js";
import { signText } from "../../agent/trust/sign.js";
import { ban, policy, TestHost } from "../support/agent/agent-fixtures.js";
import { receiptOn, World } from "../support/agent/world.js";
import { FakeFeed } from "../support/cloud/fake-cloud.js";
import { document2 } from "../support/cloud/siege.js";
import { laterBy, until } from "../support/time/clock.js";
import {
  keys,
  signRoot,
  NEXT_SIGNERS,
  type KeyName,
} from "../support/vectors.js";

const WIDE = "16.0.0.0/12";
const strict = { ...policy, unapproved: { 4: 16, 6: 32 } };
const DAY_MS = 86_400_000;

describe("a wide ban", () => {
  it("is held until the critical key allows it, and is not sent again for that", async () => {
    await using siege = await held();
    siege.say(approve());
    await siege.enforced(true);
    siege.say(approve({ version: 2, rollouts: [] }));
    await siege.enforced(false);
    expect(siege.rules()).toEqual(["needs-approval"]);
  });

  it("that comes after its approval is in force at once", async () => {
    await using world = await World.open({ policy: strict });
    const urgent = new FakeFeed();
    const link = await world.cloud.welcomed([urgent.tail()], 600_000);
    link.say({ type: "approval", approval: approve() });
    link.push(urgent.append([ban(WIDE), ban("32.0.0.0/12")]));
    const { held } = await receiptOn(link);
    expect(held).toEqual([{ range: "32.0.0.0/12", rule: "needs-approval" }]);
    expect(await world.host.holds(WIDE)).toEqual([true]);
  });

  it("waits for its host's ring", async () => {
    let aheadMs = 0;
    const clock = laterBy(() => aheadMs);
    await using siege = await held({ clock });
    const { host } = siege.world;
    siege.say(approve({ rollouts: rollout(Date.now() + 3_600_000) }));
    await siege.logged("info: an approval counts now");
    await host.tidy();
    expect(await host.holds(WIDE)).toEqual([false]);
    aheadMs = 3_590_000;
    await host.tidy();
    expect(await host.holds(WIDE)).toEqual([false]);
    aheadMs = 3_601_000;
    await host.tidy();
    await siege.enforced(true);
  });

  it("is held again once its approval has run out", async () => {
    let aheadMs = 0;
    const clock = laterBy(() => aheadMs);
    await using siege = await held({ clock });
    siege.say(approve({ expiresAt: Date.now() + 600_000 }));
    await siege.enforced(true);
    aheadMs = 602_000;
    await siege.world.host.tidy();
    await siege.enforced(false);
  });

  it("is held again by a root that revokes the critical key", async () => {
    await using siege = await held();
    siege.say(approve());
    await siege.enforced(true);
    const { host } = siege.world;
    siege.link.say({
      type: "root",
      root: signRoot(withoutCritical, NEXT_SIGNERS),
    });
    await siege.enforced(false);
    expect(host.ledger.approvals()).toEqual([]);
    siege.say(approve({ version: 9 }));
    await siege.logged("warn: refused an approval");
    siege.say(approve({}, "stranger"));
    await siege.enforced(true);
  });
});

describe("an approval that does not count", () => {
  it.each([
    ["of a content key", () => approve({}, "contentA")],
    ["of a root key", () => approve({}, "rootA")],
    ["of another feed", () => approve({ feed: "reputation" })],
    ["of a feed that is not followed", () => approve({ feed: "org/other" })],
    ["that has run out", () => approve({ expiresAt: Date.now() - 1 })],
    [
      "of a range within only",
      () => approve({ rollouts: rollout(0, "16.0.0.0/13") }),
    ],
    [
      "that was meant as a head",
      () => signText("head", document(), [keys.critical]),
    ],
  ])("leaves the ban held: one %s", async (_, approval) => {
    await using siege = await held();
    siege.say(approval());
    await siege.world.settled(siege.link);
    await siege.world.host.tidy();
    expect(await siege.world.host.holds(WIDE)).toEqual([false]);
    expect(siege.rules()).toEqual(["needs-approval"]);
  });

  it("is an older one, played again by whoever holds the connection", async () => {
    await using siege = await held();
    const old = approve();
    siege.say(old);
    await siege.enforced(true);
    siege.say(approve({ version: 2, rollouts: [] }));
    await siege.enforced(false);
    siege.say(old);
    siege.say(approve({ version: 2 }));
    await siege.world.settled(siege.link);
    await siege.world.host.tidy();
    expect(await siege.world.host.holds(WIDE)).toEqual([false]);
  });
});

describe("approvals", () => {
  it("outlast a restart, as far as they still verify", async () => {
    await using host = await TestHost.open({ policy: strict });
    host.approvals.hear(approve({ limits: { share: 0.5 } }));
    const now = Math.floor(Date.now() / 1000);
    const again = (agent: string) =>
      new ApprovalStore({
        ...{
          agent,
          feeds: () => ["urgent", "reputation"],
          clock: systemBanClock,
        },
        ...{ roots: host.trust.roots, ledger: host.ledger },
        events: host.events,
      });
    const restarted = again("agent-1");
    expect(restarted.limitsOf("urgent", now)).toEqual({ share: 0.5 });
    expect(restarted.digest(now)).toBe(host.approvals.digest(now));
    expect(restarted.limitsOf("reputation", now)).toEqual({});

    const forged = approve({ version: 2 }, "contentA");
    const signed = JSON.stringify(forged);
    host.ledger.keepApproval({ feed: "urgent", version: 2, signed });
    expect(again("agent-1").digest(now)).toBe("");
    expect(host.ledger.approvals()).toEqual([]);
  });
});

/** Every ring's time is the same: the test agent may be in any. */
const rollout = (at: number, range = WIDE): Rollout[] => [
  {
    notBefore: { canary: at, early: at, broad: at, all: at },
    ranges: [range],
  },
];

const document = (fields: object = {}) => ({
  ...{ type: "approval", feed: "urgent", version: 1 },
  ...{ issuedAt: Date.now(), expiresAt: Date.now() + DAY_MS },
  rollouts: rollout(0),
  ...fields,
});

const approve = (fields: object = {}, by: KeyName = "critical") =>
  signText("approval", document(fields), [keys[by]]);

/** A root whose critical key is another one. */
const withoutCritical = {
  ...document2,
  keys: [
    ...document2.keys.filter(({ id }) => id !== keys.critical.id),
    {
      id: keys.stranger.id,
      algorithm: "ed25519" as const,
      public: Buffer.from(keys.stranger.publicKey).toString("base64url"),
    },
  ],
  roles: {
    ...document2.roles,
    critical: { keys: [keys.stranger.id], threshold: 1 },
  },
};

/** A host that was sent a wide ban, and holds it. */
async function held(options: Parameters<typeof World.open>[0] = {}) {
  const world = await World.open({ policy: strict, ...options });
  const urgent = new FakeFeed();
  const link = await world.cloud.welcomed([urgent.tail()], 600_000);
  link.push(urgent.append([ban(WIDE, 86_400)]));
  await receiptOn(link);
  expect(await world.host.holds(WIDE)).toEqual([false]);
  const now = () => Math.floor(Date.now() / 1000);
  return {
    ...{ world, link },
    say: (approval: ReturnType<typeof approve>) =>
      link.say({ type: "approval", approval }),
    logged: (line: string) => world.logged(line),
    enforced: (so: boolean) =>
      until(
        so ? "it is in force" : "it is held",
        async () => (await world.host.holds(WIDE))[0] === so,
      ),
    rules: () =>
      world.host.ledger.held({ limit: 9 }, now()).map(({ held }) => held),
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}
