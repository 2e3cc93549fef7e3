import type { RefusalCode } from "../../../agent/protocol/refusals.js";
import { ISSUED_AT, NOT_AFTER, hex, unhex } from "../../support/vectors.js";
import { assemble, deflate, identity, text, type Parts } from "./assemble.js";
import type { BadVector } from "./vector.js";

/** Snapshots that are wrong, and a few that only look so. */
export function badSnapshots(): readonly BadVector[] {
  return [...wrongContainers(), ...wrongGroups(), ...wrongPlace()];
}

const SCAN = Buffer.concat([unhex("01"), text("scan")]);

/** A group: family and prefix, count, then columns behind their lengths. */
const TWO = "00 20 02 07 00c0000207 0308 04 911c 911c 02 0000";

function snapshotWith(
  group: string,
  fields: Readonly<Record<string, unknown>> = {},
  parts: Partial<Parts> = {},
): Buffer {
  const body = Buffer.concat([SCAN, unhex(group)]);
  const header = {
    feed: "urgent",
    audience: "all",
    epoch: "e1",
    offset: 120,
    hash: "ab".repeat(32),
    bans: 2,
    issuedAt: ISSUED_AT,
    notAfter: NOT_AFTER,
    body: identity(body),
    ...fields,
  };
  return assemble({
    kind: "snapshot",
    magic: "TQN1",
    header: JSON.stringify(header),
    body,
    signers: ["contentA"],
    ...parts,
  }).bytes;
}

function row(
  name: string,
  refusal: RefusalCode | null,
  bytes: Buffer,
  why: string,
): BadVector {
  return {
    name: `snapshot: ${name}`,
    reads: "snapshot",
    hex: hex(bytes),
    at: null,
    root: "one content signature",
    refusal,
    why,
  };
}

function wrongContainers(): readonly BadVector[] {
  const bad = (name: string, bytes: Buffer, why: string) =>
    row(name, "malformed", bytes, why);
  const good = snapshotWith(TWO);
  return [
    bad("cut off", good.subarray(0, -1), "one byte short"),
    bad(
      "a byte behind the end",
      Buffer.concat([good, unhex("00")]),
      "trailing",
    ),
    bad("a segment's magic", snapshotWith(TWO, {}, { magic: "TQS1" }), "kind"),
    bad("an unknown field", snapshotWith(TWO, { size: 2 }), "refused"),
    bad("4,000,001 bans", snapshotWith(TWO, { bans: 4_000_001 }), "limit"),
    bad("more bans than declared", snapshotWith(TWO, { bans: 1 }), "2, not 1"),
    bad("fewer bans than declared", snapshotWith(TWO, { bans: 3 }), "2, not 3"),
    bad(
      "a raw length above 128 MiB",
      snapshotWith(TWO, {
        body: deflate(Buffer.alloc(0), 128 * 1024 * 1024 + 1),
      }),
      "refused before anything is inflated",
    ),
    row("the good one of these", null, good, "to compare with"),
    row("of nothing", null, snapshotWith("", { bans: 0 }), "an empty feed"),
  ];
}

function wrongGroups(): readonly BadVector[] {
  const bad = (name: string, group: string, why: string) =>
    row(name, "malformed", snapshotWith(group), why);
  return [
    bad("an unknown group tag", TWO.replace("00", "80"), "bit 7"),
    bad("another unknown group tag", TWO.replace("00", "10"), "bit 4"),
    bad("a prefix of 33", TWO.replace("20", "21"), "IPv4 has 32 bits"),
    bad(
      "addresses that descend",
      "00 20 02 07 00c0000208 0307 04 911c911c 02 0000",
      "192.0.2.8, 192.0.2.7",
    ),
    bad(
      "an address twice",
      "00 20 02 06 00c0000207 04 04 911c911c 02 0000",
      "four bytes shared, none new",
    ),
    bad(
      "all of IPv4 twice",
      "00 00 02 00 04 911c911c 02 0000",
      "there is only one /0",
    ),
    bad(
      "more shared bytes than there are",
      "00 18 02 06 00c00002 0508 04 911c911c 02 0000",
      "a /24 has 3 bytes",
    ),
    bad(
      "host bits",
      "00 1f 02 07 00c0000200 0307 04 911c911c 02 0000",
      "192.0.2.7/31",
    ),
    bad(
      "a column that is too long",
      "00 20 02 08 00c0000207030800 04 911c911c 02 0000",
      "a byte is left over",
    ),
    bad(
      "a column that lies about its length",
      "00 20 02 7f 00c0000207 0308 04 911c911c 02 0000",
      "beyond the end",
    ),
    bad(
      "a count that lies",
      "00 20 03 07 00c0000207 0308 04 911c911c 02 0000",
      "three are declared, two are there",
    ),
    bad(
      "a reason that is not there",
      "00 20 02 07 00c0000207 0308 04 911c911c 02 0001",
      "reason 1 of one",
    ),
    bad("half a group", "00 20", "cut off"),
  ];
}

/** The agent is at op 120 of e1. */
function wrongPlace(): readonly BadVector[] {
  const at = {
    feed: "urgent",
    epoch: "e1",
    offset: 120,
    hash: "cd".repeat(32),
  } as const;
  const signed = (fields: object, parts: Partial<Parts> = {}) =>
    snapshotWith(TWO, { ...fields }, parts);
  const placed = (
    name: string,
    refusal: RefusalCode | null,
    bytes: Buffer,
  ) => ({
    ...row(name, refusal, bytes, "the agent is at op 120 of e1"),
    at,
  });
  return [
    placed("behind the agent", "replayed", signed({ offset: 119 })),
    placed("where the agent is", null, signed({})),
    placed("of another epoch", null, signed({ epoch: "e2", offset: 1 })),
    placed("past its date", "expired", signed({ notAfter: ISSUED_AT })),
    placed("another audience", "wrong-audience", signed({ audience: "x" })),
    placed("a feed not followed", "wrong-feed", signed({ feed: "local" })),
    placed(
      "an unlisted key",
      "bad-signature",
      signed({}, { signers: ["stranger"] }),
    ),
    placed(
      "a segment's signature",
      "bad-signature",
      signed({}, { kind: "segment" }),
    ),
  ];
}
