import { describe, expect, it } from "@jest/globals";
import type { Limits, Raised } from "../../../agent/guard/limits.js";
import { FOREVER, type BanOp } from "../../../agent/model/ban.js";
import { signText } from "../../../agent/trust/sign.js";
import {
  ban,
  heldOf,
  lift,
  TestHost,
} from "../../support/agent/agent-fixtures.js";
import { noLimits } from "../../support/agent/limits.js";
import { FakeFeed } from "../../support/cloud/fake-cloud.js";
import { ManualClock } from "../../support/time/clock.js";
import { keys } from "../../support/vectors.js";

const hostThat = (limits: Partial<Limits>, more: object = {}) =>
  TestHost.open({ limits: { ...noLimits, ...limits }, ...more });

/** What the critical keys allow the urgent feed beyond its limits. */
const raising = (limits: Raised) =>
  signText(
    "approval",
    {
      type: "approval",
      feed: "urgent",
      version: 1,
      issuedAt: Date.now(),
      expiresAt: Date.now() + 86_400_000,
      rollouts: [],
      limits,
    },
    [keys.critical],
  );

const range = (i: number): string => `203.0.${i >> 8}.${i & 255}`;

const bans = (count: number, from = 0): readonly BanOp[] =>
  Array.from({ length: count }, (_, i) => ban(range(from + i)));

describe("what goes beyond what feeds may do here", () => {
  it("is held, names its limit, and the rest of the segment goes on", async () => {
    await using host = await hostThat({
      entries: 3,
      life: 7_200,
      share: 0.0002,
    });
    const urgent = new FakeFeed();
    const forever = { ...ban("203.0.113.9"), expiresAt: FOREVER };
    const outcome = await host.carryOut(
      urgent.append([
        ...[ban("203.0.113.1"), ban("203.0.113.2", 7_300), forever],
        ...[ban("16.0.0.0/12"), ban("203.0.113.4"), ban("203.0.113.5")],
        ban("203.0.113.6"),
      ]),
    );
    expect(heldOf(outcome)).toEqual([
      "203.0.113.2 lives-too-long",
      "203.0.113.9 lives-too-long",
      "16.0.0.0/12 covers-too-much",
      "203.0.113.6 too-many-bans",
    ]);
    expect(host.ruleset).toEqual(["203.0.113.1", "203.0.113.4", "203.0.113.5"]);
  });

  it("never ends what is in force: a renewal is no new ban", async () => {
    await using host = await hostThat({ entries: 2 });
    const urgent = new FakeFeed();
    await host.carryOut(urgent.append(bans(2)));
    const outcome = await host.carryOut(urgent.append(bans(3)));
    expect(heldOf(outcome)).toEqual([`${range(2)} too-many-bans`]);
    expect(host.ruleset).toEqual([range(0), range(1)]);
  });

  it("lets no renewal last longer than a ban may: it ends when it was to end", async () => {
    await using host = await hostThat({ life: 7_200 });
    const urgent = new FakeFeed();
    const [address, other] = [range(0), range(1)];
    await host.carryOut(urgent.append([ban(address, 600), ban(other, 600)]));
    const until = host.ledger.bansOn(ban(address).cidr, 0)[0]?.expiresAt;
    const forever = { ...ban(address), expiresAt: FOREVER };
    const outcome = await host.carryOut(
      urgent.append([forever, ban(other, 7_000)]),
    );
    expect(heldOf(outcome)).toEqual([`${address} lives-too-long`]);
    expect(outcome).toMatchObject({ recorded: { banned: 1, heldTotal: 1 } });
    expect(host.ruleset).toEqual([address, other]);
    const [renewed] = host.ledger.bansOn(ban(address).cidr, 0);
    expect(renewed).toMatchObject({ expiresAt: until, held: undefined });
    const [longer] = host.ledger.bansOn(ban(other).cidr, 0);
    expect(longer?.expiresAt).toBeGreaterThan(until ?? Infinity);
  });

  it("counts what is only observed: it takes the same room", async () => {
    await using host = await hostThat({
      entries: 2,
      life: 7_200,
      share: 0.0002,
    });
    const urgent = new FakeFeed();
    const observed = (each: BanOp): BanOp => ({ ...each, observed: true });
    const outcome = await host.carryOut(
      urgent.append([
        observed({ ...ban("203.0.113.9"), expiresAt: FOREVER }),
        ...[ban("16.0.0.0/12"), ban("203.0.113.2")].map(observed),
        observed(ban("203.0.113.3")),
      ]),
    );
    expect(heldOf(outcome)).toEqual([
      "203.0.113.9 lives-too-long",
      "203.0.113.3 too-many-bans",
    ]);
  });

  it("gives room again once something was lifted", async () => {
    await using host = await hostThat({ entries: 2 });
    const urgent = new FakeFeed();
    await host.carryOut(urgent.append(bans(2)));
    await host.carryOut(urgent.append([lift(range(0))]));
    const outcome = await host.carryOut(urgent.append(bans(1, 7)));
    expect(heldOf(outcome)).toEqual([]);
  });

  it("counts the space of each feed by itself, and entries of all", async () => {
    await using host = await hostThat({ share: 2 ** -15, entries: 5 });
    const [urgent, reputation] = [new FakeFeed(), new FakeFeed("reputation")];
    const wide = (third: number) => ban(`203.${third}.0.0/16`);
    const first = await host.carryOut(urgent.append([1, 2, 3].map(wide)));
    expect(heldOf(first)).toEqual(["203.3.0.0/16 covers-too-much"]);
    const other = await host.carryOut(reputation.append([wide(4)]));
    expect(heldOf(other)).toEqual([]);
  });

  it("is what comes too fast, and time gives room again", async () => {
    const clock = new ManualClock(Date.now());
    await using host = await hostThat(
      { burst: 10, changesPerMinute: 5 },
      { clock },
    );
    const urgent = new FakeFeed();
    const first = await host.carryOut(urgent.append(bans(12)));
    expect(heldOf(first)).toHaveLength(2);
    await clock.advance(60_000);
    const later = await host.carryOut(urgent.append(bans(7, 100)));
    expect(heldOf(later)).toEqual([
      `${range(105)} too-many-at-once`,
      `${range(106)} too-many-at-once`,
    ]);
  });

  it("is growth by a snapshot, but not a feed's first one", async () => {
    await using host = await hostThat({ growth: 2, burst: 1 });
    const urgent = new FakeFeed();
    urgent.append(bans(4));
    const first = await host.adopt(urgent.snapshot(bans(4)));
    expect(heldOf(first)).toEqual([]);
    urgent.append(bans(8, 4));
    const second = await host.adopt(urgent.snapshot(bans(12)));
    expect(heldOf(second)).toHaveLength(4);
    expect(heldOf(second)[0]).toBe(`${range(8)} grows-too-fast`);
    expect(host.ruleset).toHaveLength(8);
  });

  it("does not pay for a first snapshot with what comes after it", async () => {
    await using host = await hostThat({ burst: 3 });
    const urgent = new FakeFeed();
    urgent.append(bans(9));
    await host.adopt(urgent.snapshot(bans(9)));
    const next = await host.carryOut(urgent.append(bans(4, 100)));
    expect(heldOf(next)).toEqual([`${range(103)} too-many-at-once`]);
  });

  it("owes nothing for what a snapshot may grow by beyond the room", async () => {
    const clock = new ManualClock(Date.now());
    const limits = { growth: 3, burst: 2, changesPerMinute: 2 };
    await using host = await hostThat(limits, { clock });
    const urgent = new FakeFeed();
    urgent.append(bans(9));
    await host.adopt(urgent.snapshot(bans(9)));
    urgent.append(bans(9, 9));
    expect(heldOf(await host.adopt(urgent.snapshot(bans(18))))).toEqual([]);
    const at = async (from: number) =>
      heldOf(await host.carryOut(urgent.append(bans(1, from))));
    expect(await at(100)).toEqual([`${range(100)} too-many-at-once`]);
    await clock.advance(60_000);
    expect(await at(101)).toEqual([]);
  });

  it("may be more where the critical keys say so", async () => {
    await using host = await hostThat({ entries: 1, life: 60 });
    host.approvals.hear(raising({ entries: 9, life: 86_400 }));
    const outcome = await host.carryOut(new FakeFeed().append(bans(3)));
    expect(heldOf(outcome)).toEqual([]);
  });
});

describe("a snapshot that can't be meant", () => {
  const filled = async (host: TestHost, urgent: FakeFeed) => {
    await host.carryOut(urgent.append(bans(40)));
    urgent.append([lift(range(0))]);
  };

  it.each([
    ["empty", 0, "0 bans would be left of 40"],
    ["sharply smaller", 19, "19 bans would be left of 40"],
  ])("is refused when it is %s, and everything stays", async (_, left, why) => {
    await using host = await hostThat({ remain: 0.5 });
    const urgent = new FakeFeed();
    await filled(host, urgent);
    const before = await host.state();
    const outcome = await host.adopt(urgent.snapshot(bans(left)));
    expect(outcome).toMatchObject({ code: "implausible", detail: why });
    expect(await host.state()).toEqual(before);
  });

  it("is taken when half is left, when the rest ran out, or when said so", async () => {
    await using host = await hostThat({ remain: 0.5 });
    const urgent = new FakeFeed();
    await filled(host, urgent);
    expect(await host.adopt(urgent.snapshot(bans(20)))).toMatchObject({
      kind: "enforced",
    });
    await using told = await hostThat({ remain: 0.5 });
    told.approvals.hear(raising({ shrink: true }));
    const other = new FakeFeed();
    await filled(told, other);
    expect(await told.adopt(other.snapshot([]))).toMatchObject({
      kind: "enforced",
    });
  });

  it("is what bans a sentinel, in whatever slice, and nothing of it stays", async () => {
    await using host = await hostThat({});
    const urgent = new FakeFeed();
    await host.carryOut(urgent.append(bans(2)));
    const before = await host.state();
    const poisoned = [...bans(5_000), ban("192.33.4.0/24")];
    urgent.append(poisoned.slice(0, 100));
    const outcome = await host.adopt(urgent.snapshot(poisoned));
    expect(outcome).toMatchObject({
      code: "implausible",
      detail: "192.33.4.0/24 holds 192.33.4.12, which no list does",
    });
    expect(await host.state()).toEqual(before);
  });

  it("does not stop a segment: of that, only the ban itself is held", async () => {
    await using host = await hostThat({});
    const outcome = await host.carryOut(
      new FakeFeed().append([ban("203.0.113.1"), ban("192.33.4.12")]),
    );
    expect(outcome).toMatchObject({ kind: "enforced" });
    expect(heldOf(outcome)).toEqual(["192.33.4.12 sentinel"]);
  });
});
