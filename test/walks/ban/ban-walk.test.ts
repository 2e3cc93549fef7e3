import { deflateRawSync } from "node:zlib";
import { describe, expect, it, test } from "@jest/globals";
import type { Op } from "../../../agent/model/ban.js";
import { sealContainer } from "../../../agent/protocol/container.js";
import { sha256 } from "../../../agent/protocol/sha256.js";
import { SEGMENT } from "../../../agent/protocol/segment.js";
import { signerOf } from "../../../agent/trust/sign.js";
import {
  ban,
  heldOf,
  lift,
  TestHost,
} from "../../support/agent/agent-fixtures.js";
import { FakeFeed } from "../../support/cloud/fake-cloud.js";
import { hex, keys, NOW } from "../../support/vectors.js";

describe("a segment", () => {
  it("is carried out: ledger, kernel, and what came of it", async () => {
    await using host = await TestHost.open();
    const urgent = new FakeFeed();
    const segment = urgent.append([
      ban("203.0.113.7"),
      ban("2001:db8:bad::/48"),
    ]);

    const outcome = await host.carryOut(segment);

    expect(outcome).toMatchObject({
      kind: "enforced",
      position: { feed: "urgent", epoch: "e1", offset: 2 },
      recorded: { revision: 1, banned: 2, lifted: 0, expired: 0, heldTotal: 0 },
    });
    expect(host.ruleset).toEqual(["2001:db8:bad::/48", "203.0.113.7"]);
    expect(await host.holds("203.0.113.7", "2001:db8:bad::/48")).toEqual([
      true,
      true,
    ]);
  });

  it("takes back what an earlier one banned", async () => {
    await using host = await TestHost.open();
    const urgent = new FakeFeed();
    await host.carryOut(urgent.append([ban("203.0.113.7")]));
    const outcome = await host.carryOut(urgent.append([lift("203.0.113.7")]));
    expect(outcome).toMatchObject({ recorded: { lifted: 1 } });
    expect(await host.holds("203.0.113.7")).toEqual([false]);
  });

  it("is dated from its arrival to the kernel's read-back", async () => {
    await using host = await TestHost.open();
    const outcome = await host.carryOut(
      new FakeFeed().append([ban("203.0.113.7")]),
    );
    if (outcome.kind !== "enforced") throw new Error(outcome.detail);
    expect(outcome.recordedMs).toBeGreaterThan(0);
    expect(outcome.enforcedMs).toBeGreaterThanOrEqual(outcome.recordedMs);
  });

  it("has each bad ban held, and the others enforced", async () => {
    await using host = await TestHost.open();
    const outcome = await host.carryOut(
      new FakeFeed().append([
        ban("192.0.2.10"),
        ban("203.0.113.7"),
        ban("10.0.0.0/8"),
        ban("203.0.113.8"),
      ]),
    );
    expect(outcome).toMatchObject({ recorded: { banned: 2, heldTotal: 2 } });
    expect(heldOf(outcome)).toEqual([
      "192.0.2.10 this-host",
      "10.0.0.0/8 too-wide",
    ]);
    expect(host.ruleset).toEqual(["203.0.113.7", "203.0.113.8"]);
    const held = host.ledger.held({ limit: 10 }, Math.floor(Date.now() / 1000));
    expect(held.map(({ held }) => held)).toEqual(["too-wide", "this-host"]);
  });

  it("counts bans that had run out before they came", async () => {
    await using host = await TestHost.open();
    const outcome = await host.carryOut(
      new FakeFeed().append([ban("203.0.113.7", -1), ban("203.0.113.8")]),
    );
    expect(outcome).toMatchObject({ recorded: { banned: 1, expired: 1 } });
    expect(host.ruleset).toEqual(["203.0.113.8"]);
  });
});

describe("a refused segment leaves ledger and kernel alone", () => {
  const ops: readonly Op[] = [ban("203.0.113.99")];
  const other = () => new FakeFeed("urgent", "e2");
  const refusals: [string, (urgent: FakeFeed) => Uint8Array, string, RegExp][] =
    [
      ["noise", () => Buffer.from("noise"), "malformed", /begins with/],
      [
        "one cut short",
        (urgent) => urgent.append(ops).subarray(0, -1),
        "malformed",
        /needs/,
      ],
      [
        "one that was tampered with",
        (urgent) => flipped(urgent.append(ops)),
        "malformed",
        /does not match its hash/,
      ],
      [
        "one of a key that no root lists",
        (urgent) => urgent.append(ops, {}, ["stranger"]),
        "bad-signature",
        /0 of 1/,
      ],
      [
        "one of a key for something else",
        (urgent) => urgent.append(ops, {}, ["head", "rootA"]),
        "bad-signature",
        /0 of 1/,
      ],
      [
        "one of another customer",
        () => new FakeFeed("org/globex").append(ops),
        "wrong-feed",
        /does not follow org\/globex/,
      ],
      [
        "one for another audience",
        (urgent) => claiming(urgent, { audience: "org/acme" }),
        "wrong-audience",
        /is not for/,
      ],
      ["one of another epoch", () => other().append(ops), "wrong-epoch", /e1/],
      [
        "one that is too old",
        (urgent) => urgent.append(ops, { notAfter: Date.now() - 1 }),
        "expired",
        /good until/,
      ],
      [
        "one that was carried out before",
        (urgent) => urgent.append(ops, { first: 1 }),
        "replayed",
        /is past 1/,
      ],
      [
        "one that leaves ops out",
        (urgent) => urgent.append(ops, { first: 3 }),
        "gap",
        /the segment at 3/,
      ],
      [
        "one of a history that forked",
        (urgent) => urgent.append(ops, { previous: Buffer.alloc(32, 7) }),
        "forked",
        /not 0707/,
      ],
    ];

  test.each(refusals)("%s", async (_name, make, code, detail) => {
    await using host = await TestHost.open();
    const urgent = new FakeFeed();
    await host.carryOut(urgent.append([ban("203.0.113.7")]));
    const before = await host.state();

    expect(await host.carryOut(make(urgent))).toMatchObject({
      kind: "refused",
      code,
      detail: expect.stringMatching(detail),
    });
    expect(await host.state()).toEqual(before);
    expect(await host.holds("203.0.113.7", "203.0.113.99")).toEqual([
      true,
      false,
    ]);
  });
});

describe("a signed segment that lies about its body", () => {
  it("may claim a million ops and cost nothing", async () => {
    await using host = await TestHost.open();
    const urgent = new FakeFeed();
    const bytes = claiming(urgent, { last: 1_000_000 });
    expect(await host.carryOut(bytes)).toMatchObject({
      code: "malformed",
      detail: "malformed segment header: spans ops 1 to 1000000",
    });
  });

  it("may be a bomb, and bursts small", async () => {
    await using host = await TestHost.open();
    const bomb = deflateRawSync(Buffer.alloc(64 * 1024 * 1024));
    const body = {
      encoding: "deflate",
      bytes: bomb.length,
      rawBytes: 100,
      sha256: hex(sha256(bomb)),
    };
    const bytes = assembled({ ...header(new FakeFeed()), body }, bomb);
    expect(await host.carryOut(bytes)).toMatchObject({
      code: "malformed",
      detail: expect.stringContaining(
        "does not inflate to the 100 bytes that are declared",
      ),
    });
    expect(host.ledger.revision()).toBe(0);
  });
});

/** The last byte of the body, flipped. */
function flipped(bytes: Buffer): Buffer {
  const at = bytes.length - (1 + 8 + 64) - 1;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return bytes;
}

/** A segment whose signed header says otherwise than its feed. */
function claiming(feed: FakeFeed, claims: object): Buffer {
  const raw = Buffer.alloc(16);
  const fields = { ...header(feed), ...claims };
  return sealContainer(
    { ...SEGMENT, version: 1 },
    fields,
    raw,
    signerOf([keys.contentA]),
  ).bytes;
}

function header({ position: { feed, epoch, offset, hash } }: FakeFeed) {
  return {
    feed,
    audience: "all",
    epoch,
    first: offset + 1,
    last: offset + 1,
    previous: hex(hash),
    issuedAt: NOW,
    notAfter: Date.now() + 60_000,
  };
}

/** A segment put together by hand, signed. */
function assembled(fields: object, body: Buffer): Buffer {
  const json = Buffer.from(JSON.stringify(fields));
  const signed = Buffer.concat([Buffer.from("tourniquet segment v1\n"), json]);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(json.length);
  return Buffer.concat([
    Buffer.from("TQS1"),
    length,
    json,
    body,
    Buffer.from([1]),
    Buffer.from(keys.contentA.id, "hex"),
    keys.contentA.sign(signed),
  ]);
}
