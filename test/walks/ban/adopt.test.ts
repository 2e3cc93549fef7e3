import { describe, expect, it, test } from "@jest/globals";
import { openBody, sealContainer } from "../../../agent/protocol/container.js";
import { openSnapshot, SNAPSHOT } from "../../../agent/protocol/snapshot.js";
import { signerOf } from "../../../agent/trust/sign.js";
import {
  ban,
  heldOf,
  lift,
  TestHost,
} from "../../support/agent/agent-fixtures.js";
import { FakeFeed } from "../../support/cloud/fake-cloud.js";
import { keys } from "../../support/vectors.js";

describe("a snapshot", () => {
  it("replaces all that its feed had, and nothing of another", async () => {
    await using host = await TestHost.open();
    const urgent = new FakeFeed();
    const reputation = new FakeFeed("reputation");
    await host.carryOut(
      urgent.append([ban("203.0.113.1"), ban("203.0.113.2")]),
    );
    await host.carryOut(reputation.append([ban("198.18.0.1")]));
    urgent.append([lift("203.0.113.1"), ban("203.0.113.3")]);

    const outcome = await host.adopt(
      urgent.snapshot([
        ban("203.0.113.2"),
        ban("203.0.113.3"),
        ban("192.0.2.1"),
        ban("2001:db8:bad::/48"),
      ]),
    );

    expect(outcome).toMatchObject({
      kind: "enforced",
      position: { feed: "urgent", offset: 4 },
      recorded: { banned: 3, heldTotal: 1 },
    });
    expect(heldOf(outcome)).toEqual(["192.0.2.1 default-gateway"]);
    expect(host.ruleset).toEqual([
      "2001:db8:bad::/48",
      "198.18.0.1",
      "203.0.113.2",
      "203.0.113.3",
    ]);
    expect(await host.holds("203.0.113.1", "203.0.113.3")).toEqual([
      false,
      true,
    ]);
  });

  it("is gone on from by the next segment", async () => {
    await using host = await TestHost.open();
    const urgent = new FakeFeed();
    urgent.append([ban("203.0.113.1")]);
    await host.adopt(urgent.snapshot([ban("203.0.113.1")]));
    const next = await host.carryOut(urgent.append([ban("203.0.113.2")]));
    expect(next).toMatchObject({ kind: "enforced", position: { offset: 2 } });
  });

  it("of another epoch is a new beginning", async () => {
    await using host = await TestHost.open();
    await host.carryOut(new FakeFeed().append([ban("203.0.113.1")]));
    const rewritten = new FakeFeed("urgent", "e2");
    rewritten.append([ban("203.0.113.2")]);
    await host.adopt(rewritten.snapshot([ban("203.0.113.2")]));
    expect(host.ruleset).toEqual(["203.0.113.2"]);
  });

  it("of an earlier epoch is no way back", async () => {
    await using host = await TestHost.open();
    const before = new FakeFeed("urgent", "e0");
    before.append([ban("203.0.113.1")]);
    const old = before.snapshot([ban("203.0.113.1")]);
    const issuedAt = Date.now() + 60_000;
    const urgent = new FakeFeed();
    await host.carryOut(urgent.append([ban("203.0.113.2")], { issuedAt }));
    expect(await host.adopt(old)).toMatchObject({ code: "replayed" });
    expect(host.ruleset).toEqual(["203.0.113.2"]);
  });

  const bad: [string, (urgent: FakeFeed) => Uint8Array, string][] = [
    [
      "cut short",
      (urgent) => urgent.snapshot(many()).subarray(0, -80),
      "malformed",
    ],
    [
      "with a body cut short",
      (urgent) => resealed(urgent, { cut: 1 }),
      "malformed",
    ],
    [
      "with a ban too few",
      (urgent) => resealed(urgent, { bans: 1 }),
      "malformed",
    ],
    [
      "with a ban too many",
      (urgent) => resealed(urgent, { bans: -1 }),
      "malformed",
    ],
    [
      "of a stranger",
      (urgent) => urgent.snapshot(many(), "stranger"),
      "bad-signature",
    ],
    ["from before", () => new FakeFeed().snapshot(many()), "replayed"],
    [
      "of another customer",
      () => new FakeFeed("org/globex").snapshot(many()),
      "wrong-feed",
    ],
  ];

  test.each(bad)("%s leaves everything alone", async (_name, make, code) => {
    await using host = await TestHost.open();
    const urgent = new FakeFeed();
    await host.carryOut(urgent.append([ban("203.0.113.7")]));
    const before = await host.state();
    urgent.append([ban("203.0.113.8")]);
    expect(await host.adopt(make(urgent))).toMatchObject({ code });
    expect(await host.state()).toEqual(before);
    expect(await host.holds("203.0.113.7")).toEqual([true]);
  });

  it("that does not fit on the disk is not recorded, and may fit later", async () => {
    await using host = await TestHost.open({ mostBytes: 212 * 1024 });
    const urgent = new FakeFeed();
    await host.carryOut(urgent.append([ban("203.0.113.7")]));
    const before = await host.state();
    urgent.append([ban("203.0.113.8")]);
    expect(await host.adopt(urgent.snapshot(many(20_000)))).toMatchObject({
      code: "not-recorded",
      detail: expect.stringContaining("has no room to grow"),
    });
    expect(await host.state()).toEqual(before);

    while (host.ledger.purge(Math.floor(Date.now() / 1000), 2_000));
    expect(await host.adopt(urgent.snapshot(many(100)))).toMatchObject({
      kind: "enforced",
      recorded: { banned: 100 },
    });
  });
});

const many = (count = 3_000) =>
  Array.from({ length: count }, (_, i) => ban(`198.18.${i >> 8}.${i & 255}`));

/** A snapshot signed anew, with another body or another count of bans. */
function resealed(feed: FakeFeed, change: { cut?: number; bans?: number }) {
  const snapshot = openSnapshot(
    feed.snapshot([...many(), ban("198.19.0.0/24")]),
  );
  const { body: _body, bans, ...fields } = snapshot.header;
  const raw = openBody(SNAPSHOT, snapshot);
  return sealContainer(
    { ...SNAPSHOT, version: 1 },
    { ...fields, bans: bans + (change.bans ?? 0) },
    raw.subarray(0, raw.length - (change.cut ?? 0)),
    signerOf([keys.contentA]),
  ).bytes;
}
