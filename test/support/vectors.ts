import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  FOREVER,
  type BanOp,
  type Lift,
  type Op,
} from "../../agent/model/ban.js";
import { parseCidr } from "../../agent/model/cidr.js";
import { NO_HASH, type Position } from "../../agent/model/position.js";
import type { Root } from "../../agent/protocol/root-document.js";
import {
  sealSegment,
  type SegmentDraft,
} from "../../agent/protocol/segment.js";
import type { SignedText } from "../../agent/protocol/signed-text.js";
import { keyFromSeed, type SigningKey } from "../../agent/trust/keys.js";
import { TrustedRoot, fingerprintOf } from "../../agent/trust/root.js";
import { signText, signerOf } from "../../agent/trust/sign.js";

/** What golden vectors and protocol tests share: keys, dates, small makers. */

/** RFC 8032 §7.1 where it has a seed, and bytes that repeat where it has not. */
export const seeds = {
  rootA: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
  rootB: "01".repeat(32),
  rootC: "04".repeat(32),
  contentA: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
  contentB: "02".repeat(32),
  head: "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
  critical: "03".repeat(32),
  device: "f5e5767cf153319517630f226876b86c8160cc583bc013744c6bf255f5cc0ee5",
  nextDevice: "05".repeat(32),
  log: "06".repeat(32),
  stranger: "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
} as const;

export type KeyName = keyof typeof seeds;

export const keys = Object.fromEntries(
  Object.entries(seeds).map(([name, seed]) => [
    name,
    keyFromSeed(Buffer.from(seed, "hex")),
  ]),
) as Record<KeyName, SigningKey>;

/** 2026-01-01T00:00:00Z, in milliseconds. */
export const ISSUED_AT = Date.UTC(2026, 0, 1);

/** The same date in the seconds that expiries are written in. */
export const ISSUED_AT_S = ISSUED_AT / 1000;

export const HOUR_MS = 3_600_000;

/** When nothing has expired yet. */
export const NOW = ISSUED_AT + 1_000;

export const NOT_AFTER = ISSUED_AT + 24 * HOUR_MS;

/** 32 bytes of base64url, as nonces and sessions are. */
export const token = (byte: number): string =>
  Buffer.alloc(32, byte).toString("base64url");

export const hex = (bytes: Uint8Array): string =>
  Buffer.from(bytes).toString("hex");

/** Spaces may stand between what belongs together. */
export const unhex = (text: string): Buffer =>
  Buffer.from(text.replaceAll(" ", ""), "hex");

export const sha256Hex = (bytes: Uint8Array): string =>
  createHash("sha256").update(bytes).digest("hex");

/** A ban that ends so many seconds after `ISSUED_AT`, or never. */
export function ban(
  range: string,
  forS: number | "forever",
  reason: string,
): BanOp {
  const expiresAt = forS === "forever" ? FOREVER : ISSUED_AT_S + forS;
  const cidr = parseCidr(range);
  return { op: "ban", cidr, expiresAt, reason, observed: false };
}

/** The same, only to be counted and reported. */
export const observedBan = (...terms: Parameters<typeof ban>): BanOp => ({
  ...ban(...terms),
  observed: true,
});

export const lift = (range: string): Lift => ({
  op: "lift",
  cidr: parseCidr(range),
});

export const someOps: readonly Op[] = [
  ban("192.0.2.7", 3_600, "ssh brute force"),
  ban("198.51.100.0/24", "forever", "case 2026-0007"),
  lift("203.0.113.9"),
];

/** A segment of `urgent` that is good in every way but those that are given. */
export function makeSegment(
  draft: Partial<SegmentDraft> = {},
  signers: readonly KeyName[] = ["contentA"],
): { readonly bytes: Buffer; readonly hash: Buffer } {
  return sealSegment(
    {
      feed: "urgent",
      epoch: "e1",
      first: 1,
      previous: NO_HASH,
      issuedAt: ISSUED_AT,
      notAfter: NOT_AFTER,
      ops: someOps,
      ...draft,
    },
    signerOf(signers.map((name) => keys[name])),
  );
}

export function position(
  offset: number,
  hash: Uint8Array,
  rest: Partial<Position> = {},
): Position {
  return { feed: "urgent", epoch: "e1", offset, hash, ...rest };
}

/** Two root keys and two content keys; how many must sign is the caller's. */
export function rootDocument(
  thresholds: { root?: number; content?: number; head?: number } = {},
): Root {
  const { root = 2, content = 1, head = 1 } = thresholds;
  const ids = (...names: KeyName[]) => names.map((name) => keys[name].id);
  const listed: KeyName[] = [
    "rootA",
    "rootB",
    "contentA",
    "contentB",
    "head",
    "critical",
  ];
  return {
    type: "root",
    version: 1,
    issuedAt: ISSUED_AT,
    expiresAt: ISSUED_AT + 365 * 24 * HOUR_MS,
    keys: listed.map((name) => ({
      id: keys[name].id,
      algorithm: "ed25519",
      public: Buffer.from(keys[name].publicKey).toString("base64url"),
    })),
    roles: {
      root: { keys: ids("rootA", "rootB"), threshold: root },
      content: { keys: ids("contentA", "contentB"), threshold: content },
      head: { keys: ids("head"), threshold: head },
      critical: { keys: ids("critical"), threshold: 1 },
    },
  };
}

/** The root that follows: contentA is revoked, rootB gives way to rootC. */
export function nextRootDocument(): Root {
  const before = rootDocument();
  const { rootB, rootC, contentA } = keys;
  const gone = [rootB.id, contentA.id];
  const added = {
    id: rootC.id,
    algorithm: "ed25519" as const,
    public: Buffer.from(rootC.publicKey).toString("base64url"),
  };
  const { roles } = before;
  return {
    ...before,
    version: 2,
    issuedAt: ISSUED_AT + HOUR_MS,
    keys: [...before.keys.filter(({ id }) => !gone.includes(id)), added],
    roles: {
      ...roles,
      root: { keys: [keys.rootA.id, rootC.id], threshold: 2 },
      content: { keys: [keys.contentB.id], threshold: 1 },
    },
  };
}

/** As `rootDocument`, for agents from 0.4.0 on: with a log, and what nobody knows yet. */
export function rootV2Document(): Root {
  const before = rootDocument();
  const log = {
    id: keys.log.id,
    algorithm: "ed25519" as const,
    public: Buffer.from(keys.log.publicKey).toString("base64url"),
  };
  return {
    ...before,
    format: 2,
    keys: [...before.keys, log],
    roles: { ...before.roles, log: { keys: [log.id], threshold: 1 } },
  };
}

/** What root 1 and root 2 want together. */
export const NEXT_SIGNERS: readonly KeyName[] = ["rootA", "rootB", "rootC"];

export function signRoot(
  document: Root,
  signers: readonly KeyName[] = ["rootA", "rootB"],
): SignedText {
  return signText(
    "root",
    document,
    signers.map((name) => keys[name]),
    document.format,
  );
}

export function trusted(document: Root = rootDocument()): TrustedRoot {
  const text = signRoot(document);
  return TrustedRoot.open(text, fingerprintOf(text));
}

/** The folder with package.json: dist/ mirrors the tree, the JSON is not in it. */
export const packageRoot = ((): string => {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return folder;
})();

export const goldenFolder = join(packageRoot, "test/golden/protocol");
