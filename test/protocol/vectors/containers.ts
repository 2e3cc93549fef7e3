import type { Ban, Op } from "../../../agent/model/ban.js";
import { formatCidr } from "../../../agent/model/cidr.js";
import {
  ISSUED_AT,
  ISSUED_AT_S,
  NOT_AFTER,
  ban,
  hex,
  lift,
  observedBan,
  sha256Hex,
  unhex,
  type KeyName,
} from "../../support/vectors.js";
import {
  assemble,
  deflate,
  identity,
  text,
  varint,
  type Assembled,
} from "./assemble.js";
import { keysOf, opInVector, type Vector } from "./vector.js";

/** Segments and snapshots, written by hand beside what they mean. */
export function containerVectors(): readonly Vector[] {
  const bans = segmentBans();
  return [
    bans.vector,
    segmentLifts(bans.hash),
    segmentExpired(),
    segmentObserved(),
    segmentSignatures(),
    segmentOrg(),
    segmentDeflate(),
    snapshot(),
    snapshotDeflate(),
  ];
}

/** Sixteen neighbours with one expiry and one reason: enough to deflate. */
export const neighbours: readonly Op[] = Array.from({ length: 16 }, (_, i) =>
  ban(`192.0.2.${16 + i}`, 3_600, "ssh brute force"),
);

function segmentBans(): { vector: Vector; hash: string } {
  const ops = [
    ban("192.0.2.7", 3_600, "ssh brute force"),
    ban("198.51.100.0/24", "forever", "case 2026-0007"),
    ban("2001:db8::1", 60, "ssh brute force"),
    ban("2001:db8:7::/48", "forever", "case 2026-0007"),
  ];
  const body = Buffer.concat([
    unhex("02"), // two reasons
    text("ssh brute force"),
    text("case 2026-0007"),
    unhex("00 20 c0000207 911c 00"), // 3,600 s
    unhex("00 18 c63364 00 01"), // without end
    unhex("40 80 20010db8000000000000000000000001 3d 00"),
    unhex("40 30 20010db80007 00 01"),
  ]);
  const vector = segment({
    name: "segment-bans",
    description:
      "The first segment of an epoch: bans of both families, single addresses and ranges, with and without end. The body is carried as it is.",
    body,
    ops,
  });
  return { vector, hash: vector.hash ?? "" };
}

function segmentLifts(previous: string): Vector {
  const body = Buffer.concat([
    unhex("01"),
    text("ssh brute force"),
    unhex("80 20 c0000207"),
    unhex("c0 30 20010db80007"),
    unhex("00 20 cb007109 911c 00"),
  ]);
  return segment({
    name: "segment-lifts",
    description:
      "The segment that comes after segment-bans and names its hash: lifts of both families, and one ban.",
    body,
    ops: [
      lift("192.0.2.7"),
      lift("2001:db8:7::/48"),
      ban("203.0.113.9", 3_600, "ssh brute force"),
    ],
    first: 5,
    previous,
  });
}

function segmentExpired(): Vector {
  return segment({
    name: "segment-expired",
    description:
      "A ban that ends at the second it was issued: valid, recorded, never enforced. Its reason is empty.",
    body: Buffer.concat([unhex("0100"), unhex("00 20 c0000207 01 00")]),
    ops: [ban("192.0.2.7", 0, "")],
  });
}

function segmentObserved(): Vector {
  const body = Buffer.concat([
    unhex("01"),
    text("would this hit anybody?"),
    unhex("20 18 c00002 911c 00"),
    unhex("60 30 20010db80007 00 00"),
    unhex("00 20 c0000207 911c 00"),
  ]);
  const why = "would this hit anybody?";
  return segment({
    name: "segment-observed",
    description:
      "Bans of both families whose packets are only counted and reported, and one within them that is enforced.",
    body,
    ops: [
      observedBan("192.0.2.0/24", 3_600, why),
      observedBan("2001:db8:7::/48", "forever", why),
      ban("192.0.2.7", 3_600, why),
    ],
  });
}

function segmentSignatures(): Vector {
  return segment({
    name: "segment-signatures",
    description:
      "Signed by two content keys and by a key that no root lists, which does no harm.",
    body: Buffer.concat([
      unhex("01"),
      text("ssh brute force"),
      unhex("00 20 c0000207 911c 00"),
    ]),
    ops: [ban("192.0.2.7", 3_600, "ssh brute force")],
    signers: ["stranger", "contentA", "contentB"],
  });
}

function segmentOrg(): Vector {
  return segment({
    name: "segment-org",
    description: "A segment for one customer: the audience is the feed.",
    body: Buffer.concat([
      unhex("01"),
      text("überfällig"),
      unhex("00 20 c0000207 911c 00"),
    ]),
    ops: [ban("192.0.2.7", 3_600, "überfällig")],
    feed: "org/example",
    audience: "org/example",
  });
}

function segmentDeflate(): Vector {
  const raw = Buffer.concat([
    unhex("01"),
    text("ssh brute force"),
    ...neighbours.map(({ cidr }) =>
      Buffer.concat([unhex("0020"), cidr.address, unhex("911c00")]),
    ),
  ]);
  return segment({
    name: "segment-deflate",
    description:
      "Sixteen bans of neighbours. Another deflate may write other bytes; all read these.",
    body: unhex(DEFLATED_SEGMENT),
    rawBytes: raw.length,
    ops: neighbours,
  });
}

function snapshot(): Vector {
  const column = (bytes: Buffer) =>
    Buffer.concat([varint(bytes.length), bytes]);
  const body = Buffer.concat([
    unhex("02"),
    text("ssh brute force"),
    text("case 2026-0007"),
    unhex("0020"), // IPv4, /32
    varint(3),
    column(unhex("00c0000207" + "0308" + "00cb007109")),
    column(unhex("911c" + "911c" + "00")),
    column(unhex("000001")),
    unhex("2020"), // IPv4, /32, observed
    varint(1),
    column(unhex("00c0000210")),
    column(unhex("911c")),
    column(unhex("00")),
    unhex("0018"), // IPv4, /24
    varint(1),
    column(unhex("00c63364")),
    column(unhex("00")),
    column(unhex("01")),
    unhex("4030"), // IPv6, /48
    varint(2),
    column(unhex("0020010db80007" + "0508")),
    column(unhex("0001")),
    column(unhex("0100")),
  ]);
  return snapshotVector({
    name: "snapshot",
    description:
      "Four groups, as they are; the second one's ban is only observed. The second /48 ended when issued.",
    body,
    bans: [
      ban("192.0.2.7", 3_600, "ssh brute force"),
      ban("192.0.2.8", 3_600, "ssh brute force"),
      ban("203.0.113.9", "forever", "case 2026-0007"),
      observedBan("192.0.2.16", 3_600, "ssh brute force"),
      ban("198.51.100.0/24", "forever", "case 2026-0007"),
      ban("2001:db8:7::/48", "forever", "case 2026-0007"),
      ban("2001:db8:8::/48", 0, "ssh brute force"),
    ],
  });
}

function snapshotDeflate(): Vector {
  const bans = Array.from({ length: 64 }, (_, i) =>
    ban(`198.51.100.${i}`, 3_600, "ssh brute force"),
  );
  return snapshotVector({
    name: "snapshot-deflate",
    description: "One group of 64 neighbours, deflated.",
    body: unhex(DEFLATED_SNAPSHOT),
    rawBytes: 348,
    bans,
  });
}

export interface Plan {
  readonly name: string;
  readonly description: string;
  readonly body: Buffer;
  /** Where the body is deflated. */
  readonly rawBytes?: number;
  /** Of the protocol; 1 unless given. */
  readonly version?: 1 | 2;
  readonly ext?: object;
}

export interface SegmentPlan extends Plan {
  readonly ops: readonly Op[];
  readonly feed?: string;
  readonly audience?: string;
  readonly first?: number;
  readonly previous?: string;
  readonly signers?: readonly KeyName[];
}

export function segment(plan: SegmentPlan): Vector {
  const { feed = "urgent", audience = "all", first = 1, version = 1 } = plan;
  const signers = plan.signers ?? ["contentA"];
  const header = {
    feed,
    audience,
    epoch: "e1",
    first,
    last: first + plan.ops.length - 1,
    previous: plan.previous ?? "00".repeat(32),
    issuedAt: ISSUED_AT,
    notAfter: NOT_AFTER,
    body: bodyOf(plan),
    ...(plan.ext && { ext: plan.ext }),
  };
  const assembled = assemble({
    ...{ kind: "segment", magic: `TQS${version}`, version },
    header: JSON.stringify(header),
    body: plan.body,
    signers,
  });
  const decoded = { header, ops: plan.ops.map(opInVector) };
  return vectorOf(plan, assembled, { reads: "segment", signers, decoded });
}

export function snapshotVector(plan: Plan & { bans: readonly Ban[] }): Vector {
  const header = {
    feed: "urgent",
    audience: "all",
    epoch: "e1",
    offset: 120,
    hash: "ab".repeat(32),
    bans: plan.bans.length,
    issuedAt: ISSUED_AT,
    notAfter: NOT_AFTER,
    body: bodyOf(plan),
    ...(plan.ext && { ext: plan.ext }),
  };
  const signers = ["contentA"] as const;
  const { version = 1 } = plan;
  const assembled = assemble({
    ...{ kind: "snapshot", magic: `TQN${version}`, version },
    header: JSON.stringify(header),
    body: plan.body,
    signers,
  });
  const bans = plan.bans.map(
    ({ cidr, expiresAt, reason, observed, rings }) => ({
      ...{ range: formatCidr(cidr), expiresAt, reason, observed },
      ...(rings && { rings }),
    }),
  );
  const decoded = { header, bans };
  return vectorOf(plan, assembled, { reads: "snapshot", signers, decoded });
}

const bodyOf = ({ body, rawBytes }: Plan) =>
  rawBytes === undefined ? identity(body) : deflate(body, rawBytes);

function vectorOf(
  { name, description }: Plan,
  { bytes, signedBytes, signatures }: Assembled,
  rest: {
    readonly reads: "segment" | "snapshot";
    readonly signers: readonly KeyName[];
    readonly decoded: unknown;
  },
): Vector {
  return {
    name,
    reads: rest.reads,
    direction: "cloud to agent",
    description: `${description} Expiries count from ${ISSUED_AT_S}.`,
    keys: keysOf(...rest.signers),
    hex: hex(bytes),
    signedBytes: hex(signedBytes),
    signatures,
    hash: sha256Hex(signedBytes),
    decoded: rest.decoded,
  };
}

/** As zlib 1.3 deflates them: kept, so that no other version changes a vector. */
const DEFLATED_SEGMENT =
  "35c6dd0d40301480d1cb02fe298a3b1ba97893b40cd28d8c4624df793a4916c2" +
  "a1abbf2fa7fbe93727fa489a472b7f0a52928ad4a4212de988213d19c8482c99" +
  "c84c962f2f";
const DEFLATED_SNAPSHOT =
  "c5c15712c1500040d13c576fd16bf0f45ea3d7ac0531fecc24fc9bb1029bb22e" +
  "8bf0e11ca1daf6551eadc7dd94979b75321569bc84f2d1cf0a0207e0c4851b0f" +
  "5e7cf8091024441895085162c4499024459a0c5972e4d12850a484a44c852a35" +
  "ea3468d2a24d872e3dfa0c183262cc049d2933e62c58b262cd862d3bf61c9ee2" +
  "adfdb7a1fce80b";
