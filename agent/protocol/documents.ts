import * as v from "valibot";
import { modes } from "../model/mode.js";
import { limits } from "./limits.js";
import {
  Count,
  Epoch,
  Feed,
  Id,
  Range,
  Sha256,
  Time,
  WirePosition,
  base64url,
  Numeric,
  listOf,
  shortText,
} from "./shapes.js";

/** The JSON documents that travel as signed text. */

/** Where a feed stands at a date. */
export const Head = v.strictObject({
  type: v.literal("head"),
  feed: Feed,
  epoch: Epoch,
  offset: Count,
  hash: Sha256,
  time: Time,
});
export type Head = v.InferOutput<typeof Head>;

const Rollout = v.strictObject({
  /** From when on the hosts of each ring may enforce bans on the ranges. */
  notBefore: v.pipe(
    v.strictObject({ canary: Time, early: Time, broad: Time, all: Time }),
    v.check(
      (at) =>
        at.canary <= at.early && at.early <= at.broad && at.broad <= at.all,
      "no ring may come before the one that it follows",
    ),
  ),
  ranges: v.pipe(
    v.array(Range),
    v.minLength(1),
    v.maxLength(limits.approvalRanges),
  ),
});
export type Rollout = v.InferOutput<typeof Rollout>;

const RaisedLimits = v.strictObject({
  entries: v.exactOptional(v.pipe(Count, v.minValue(1))),
  /** Of each family's addresses. */
  share: v.exactOptional(v.pipe(v.number(), v.gtValue(0), v.maxValue(1))),
  changesPerMinute: v.exactOptional(v.pipe(Count, v.minValue(1))),
  /** Seconds. */
  life: v.exactOptional(v.pipe(Count, v.minValue(1))),
  /** A snapshot may be as small as it likes. */
  shrink: v.exactOptional(v.literal(true)),
});
export type RaisedLimits = v.InferOutput<typeof RaisedLimits>;

/**
 * What one feed may do beyond what hosts let every feed do: the whole of it,
 * in place of the version before. Signed by the critical keys.
 */
export const Approval = v.pipe(
  v.strictObject({
    type: v.literal("approval"),
    feed: Feed,
    version: v.pipe(Count, v.minValue(1)),
    issuedAt: Time,
    expiresAt: Time,
    rollouts: v.pipe(v.array(Rollout), v.maxLength(limits.approvalRollouts)),
    limits: v.exactOptional(RaisedLimits),
  }),
  v.check(
    ({ issuedAt, expiresAt }) =>
      expiresAt - issuedAt <= limits.approvalDays * 86_400_000,
    `may be good for ${limits.approvalDays} days at most`,
  ),
  v.check(
    ({ rollouts }) =>
      rollouts.reduce((sum, { ranges }) => sum + ranges.length, 0) <=
      limits.approvalRanges,
    `may name ${limits.approvalRanges} ranges at most`,
  ),
);
export type Approval = v.InferOutput<typeof Approval>;

/** An agent's answer to the challenge. */
export const Hello = v.strictObject({
  agent: Id,
  /** The challenge's nonce, so that an old hello proves nothing. */
  nonce: base64url(32),
  /** The challenge's cloud, so that one cloud cannot play it to another. */
  cloud: shortText(128),
  time: Time,
  version: shortText(32),
  /** Drawn at each start of the agent. */
  boot: v.pipe(v.string(), v.uuid()),
  positions: listOf(WirePosition, limits.feeds),
});
export type Hello = v.InferOutput<typeof Hello>;

/** The agent's word that a position is in force, read back from the kernel. */
export const Receipt = v.strictObject({
  agent: Id,
  position: WirePosition,
  /** The ledger's counter that the kernel carried when it was read back. */
  revision: Count,
  backend: v.picklist(["nftables", "dry-run"]),
  /** Whether the host drops what is banned, or only counts and reports it. */
  mode: v.picklist(modes),
  /** What the segment or snapshot came to on this host. */
  banned: Count,
  /** Bans that are counted and reported whatever the mode, and never dropped. */
  observed: Count,
  lifted: Count,
  expired: Count,
  heldTotal: Count,
  held: listOf(
    v.strictObject({ range: shortText(64), rule: shortText(64) }),
    limits.receiptHeld,
  ),
  /** It is in force until then, unless the host is seen to live on with it. */
  trial: v.exactOptional(v.strictObject({ bans: Count, until: Time })),
  receivedAt: Time,
  /** Milliseconds from the last byte to the commit of the ledger. */
  recordedMs: v.pipe(Numeric, v.minValue(0)),
  /** Milliseconds from the last byte to the read-back from the kernel. */
  enforcedMs: v.pipe(Numeric, v.minValue(0)),
});
export type Receipt = v.InferOutput<typeof Receipt>;
