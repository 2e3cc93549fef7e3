import { unhex } from "../../support/vectors.js";
import { identity, text, varint } from "./assemble.js";
import { row, segmentWith } from "./bad-segments.js";
import type { BadVector } from "./vector.js";

/** Segments whose container and signature are right and whose ops are not. */
export function badBodies(): readonly BadVector[] {
  return [...wrongOps(), ...wrongNumbers(), ...wrongReasons(), ...oddBodies()];
}

const SCAN = Buffer.concat([unhex("01"), text("scan")]);

/** 192.0.2.7 until an hour after the date, for reason 0. */
const OP = "00 20 c0000207 911c 00";

function segmentOf(last: number, ...parts: readonly (string | Buffer)[]) {
  const body = Buffer.concat(
    parts.map((part) => (typeof part === "string" ? unhex(part) : part)),
  );
  return segmentWith({ last, body: identity(body) }, { body }).bytes;
}

function wrongOps(): readonly BadVector[] {
  const bad = (name: string, op: string, why: string) =>
    row(name, "malformed", segmentOf(1, SCAN, op), why);
  return [
    bad("a /24 with four bytes", "00 18 c0000207 911c 00", "three are carried"),
    bad("host bits in a /25", "00 19 c0000201 911c 00", "192.0.2.1/25"),
    bad("host bits in a lift", "80 1f c0000201", "192.0.2.1/31"),
    bad("host bits in IPv6", "40 2f 20010db80007 911c 00", "2001:db8:7::/47"),
    bad("a prefix of 33", "00 21 c000020700 911c 00", "IPv4 has 32 bits"),
    bad("a prefix of 129", `40 81 ${"20".repeat(17)} 911c 00`, "128 bits"),
    bad("an unknown op tag", "10 20 c0000207 911c 00", "bit 4 is not known"),
    bad("a lift that observes", "a0 20 c0000207", "only bans are observed"),
    bad("fewer ops than declared", "", "one is declared, none is there"),
    bad("more ops than declared", `${OP} ${OP}`, "one is declared, two there"),
    bad("a byte behind the ops", `${OP} 00`, "trailing byte"),
    bad("an op cut off", "00 20 c000", "the address is short"),
    bad("a lift with an expiry", "80 20 c0000207 911c 00", "trailing bytes"),
  ];
}

function wrongNumbers(): readonly BadVector[] {
  const bad = (name: string, expiry: string, why: string) =>
    row(
      name,
      "malformed",
      segmentOf(1, SCAN, `00 20 c0000207 ${expiry} 00`),
      why,
    );
  return [
    bad("a padded varint", "91 9c 00", "3,601 has a shorter form"),
    bad("a padded zero", "80 00", "0 has a shorter form"),
    bad("a varint of nine bytes", "ffffffffffffffff01", "too long"),
    bad("a varint of 2^53", "8080808080808010", "beyond 2^53 - 1"),
    row(
      "a varint without end",
      "malformed",
      segmentOf(1, SCAN, "00 20 c0000207 ff"),
      "runs into the end",
    ),
  ];
}

function wrongReasons(): readonly BadVector[] {
  const bad = (name: string, body: Buffer, why: string) =>
    row(name, "malformed", segmentOf(1, body, OP), why);
  const one = (reason: Buffer) =>
    Buffer.concat([unhex("01"), varint(reason.length), reason]);
  return [
    bad("a reason that is not there", unhex("00"), "reason 0 of none"),
    bad(
      "a reason one too far",
      Buffer.concat([SCAN, unhex("00 20 c0000207 911c 01")]),
      "reason 1 of one",
    ),
    bad("70,000 reasons", varint(70_000), "above the limit"),
    bad("more reasons than bytes", varint(60_000), "cannot be there"),
    bad("a reason of 257 bytes", one(Buffer.alloc(257, "x")), "limit is 256"),
    bad("a reason that is no UTF-8", one(unhex("c328")), "a broken pair"),
  ];
}

/** What a decoder takes in although it looks wrong: others must judge it. */
function oddBodies(): readonly BadVector[] {
  const good = (name: string, op: string, why: string) =>
    row(name, null, segmentOf(1, SCAN, op), why);
  return [
    good("all of IPv4", "00 00 911c 00", "0.0.0.0/0: the guard holds it"),
    good("all of IPv6", "40 00 911c 00", "::/0: the guard holds it"),
    good(
      "an IPv4-mapped address",
      "40 80 00000000000000000000ffffc0000207 911c 00",
      "::ffff:192.0.2.7: the guard holds it",
    ),
    good(
      "an expiry after 9999",
      "00 20 c0000207 ffffffffffffff0f 00",
      "read as without end",
    ),
    row(
      "the same ban twice",
      null,
      segmentOf(2, SCAN, OP, OP),
      "the later op wins; here they are the same",
    ),
    row(
      "a reason that no op names",
      null,
      segmentOf(1, "02", text("scan"), text("idle"), OP),
      "wasteful, harmless",
    ),
  ];
}
