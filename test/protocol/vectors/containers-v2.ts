import type { Ban } from "../../../agent/model/ban.js";
import type { RingTimes } from "../../../agent/model/rings.js";
import {
  ISSUED_AT_S,
  ban,
  lift,
  observedBan,
  unhex,
} from "../../support/vectors.js";
import { text, varint } from "./assemble.js";
import { segment, snapshotVector } from "./containers.js";
import type { Vector } from "./vector.js";

/** Segments and snapshots of version 2, written by hand beside what they mean. */
export function ringedVectors(): readonly Vector[] {
  return [segmentRings(), segmentBegun(), snapshotRings()];
}

/** Ten minutes, an hour, and six hours after the canary. */
const TIMES = after(60, 660, 4_260, 25_860);

/** The same on the wire, each after the one before: 60, 600, 3,600, 21,600 s. */
const TIMES_HEX = "3c d804 901c e0a801";

function segmentRings(): Vector {
  const why = "a botnet's networks";
  return segment({
    name: "segment-rings",
    description:
      "Version 2: two bans in rings, one of them observed, beside a ban that counts at once and a lift.",
    version: 2,
    body: Buffer.concat([
      unhex("01"),
      text(why),
      unhex(`10 18 c00002 911c ${TIMES_HEX} 00`),
      unhex(`70 30 20010db80007 00 ${TIMES_HEX} 00`),
      unhex("00 20 c6336401 911c 00"),
      unhex("80 20 cb007109"),
    ]),
    ops: [
      { ...ban("192.0.2.0/24", 3_600, why), rings: TIMES },
      { ...observedBan("2001:db8:7::/48", "forever", why), rings: TIMES },
      ban("198.51.100.1", 3_600, why),
      lift("203.0.113.9"),
    ],
  });
}

function segmentBegun(): Vector {
  const why = "scan";
  return segment({
    name: "segment-ext",
    description:
      "Version 2: its ring times begin as it is issued, and its header has an ext with a name that nobody knows yet.",
    version: 2,
    ext: { "of-tomorrow": { any: ["thing", 7] } },
    body: Buffer.concat([
      unhex("01"),
      text(why),
      unhex("10 20 c0000207 911c 00 00 00 01 00"),
    ]),
    ops: [{ ...ban("192.0.2.7", 3_600, why), rings: after(0, 0, 0, 1) }],
  });
}

function snapshotRings(): Vector {
  const column = (bytes: Buffer) =>
    Buffer.concat([varint(bytes.length), bytes]);
  const why = "a botnet's networks";
  const ringed = (each: Ban): Ban => ({ ...each, rings: TIMES });
  return snapshotVector({
    name: "snapshot-rings",
    description:
      "Version 2: a group whose bans have ring times, in a column of their own, behind one that has none.",
    version: 2,
    body: Buffer.concat([
      unhex("01"),
      text(why),
      unhex("0018"), // IPv4, /24
      varint(1),
      column(unhex("00c63364")),
      column(unhex("911c")),
      column(unhex("00")),
      unhex("1018"), // IPv4, /24, with ring times
      varint(2),
      column(unhex("00c00002" + "00cb0071")),
      column(unhex("911c" + "00")),
      column(unhex("0000")),
      column(unhex(TIMES_HEX + TIMES_HEX)),
    ]),
    bans: [
      ban("198.51.100.0/24", 3_600, why),
      ringed(ban("192.0.2.0/24", 3_600, why)),
      ringed(ban("203.0.113.0/24", "forever", why)),
    ],
  });
}

function after(
  canary: number,
  early: number,
  broad: number,
  all: number,
): RingTimes {
  return {
    canary: ISSUED_AT_S + canary,
    early: ISSUED_AT_S + early,
    broad: ISSUED_AT_S + broad,
    all: ISSUED_AT_S + all,
  };
}
