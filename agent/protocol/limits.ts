/**
 * What either side may send, checked before anything is allocated for it.
 * PROTOCOL.md states the same numbers.
 */
export const limits = {
  /** Bytes of a text frame: a hello with a dozen positions takes two thousand. */
  textBytes: 64 * 1024,
  /** Bytes of a binary frame, and so of a segment. */
  segmentBytes: 1024 * 1024,
  /** Bytes of a segment's body once inflated. */
  segmentRawBytes: 4 * 1024 * 1024,
  /**
   * Ops in one segment. The ledger and the kernel each take them in within some
   * 20 ms. As one batch, all but scattered IPv6 networks fit the netlink buffer
   * of a process without privileges beyond its own namespace (416 KiB); what
   * does not fit makes the kernel's ruleset be built anew.
   */
  segmentOps: 4_096,
  /** Bytes of a snapshot file. */
  snapshotBytes: 64 * 1024 * 1024,
  /** Bytes of a snapshot's body once inflated. */
  snapshotRawBytes: 128 * 1024 * 1024,
  /** Bans in one snapshot: four times the largest list in common use. */
  snapshotBans: 4_000_000,
  /** Bytes of a container's JSON header. */
  headerBytes: 2_048,
  /** Signatures on one document or container. */
  signatures: 8,
  /** Distinct reasons in one segment or snapshot. */
  reasons: 65_536,
  /** Feeds that one agent follows. */
  feeds: 8,
  /** Ranges that one approval names: with its rollouts it fits a text frame. */
  approvalRanges: 1_000,
  /** Rollouts of one approval. */
  approvalRollouts: 64,
  /** Days that an approval may be good for. */
  approvalDays: 400,
  /** Days that a policy, or an allowance in it, may be good for. */
  policyDays: 400,
  /** Ranges that one policy allows; with long reasons they may not fit a text frame. */
  policyRanges: 1_024,
  /** Ends and reasons that they have. */
  policyAllows: 64,
  /** Ranges that one policy holds bans of feeds on. */
  policyHolds: 256,
  /** Feeds that one policy has a host follow beside the usual. */
  policyFeeds: 4,
  /** Groups that one policy names. */
  policyGroups: 16,
  /** Ranges of one allowance. */
  allowanceRanges: 64,
  /** Roots that an agent takes one after the other before it looks at anything else. */
  rootsAtOnce: 64,
  /** Items in one telemetry message. */
  telemetryItems: 64,
  /** Attackers that one item of hits names; the rest is added up. */
  telemetryHits: 100,
  /** Places that one item of vitals tells of what sensors read there. */
  telemetrySensors: 16,
  /** Held bans that a receipt names; it counts the rest. */
  receiptHeld: 64,
  /** Ranges that one question of impact is about. */
  impactRanges: 256,
  /** Most of anything that an answer of impact counts. */
  impactCount: 65_536,
  /** Bytes of an item that a cloud does not know, as JSON. */
  opaqueBytes: 8_192,
  /** Lines on why a trial failed, in a statement. */
  statementReasons: 8,
  /** Bytes of what a request asks, or its answer says, as JSON. */
  requestBytes: 16_384,
  /** URLs that a drain names. */
  drainUrls: 8,
  /** Capabilities that a hello or welcome names. */
  capabilities: 32,
  /** Names in an `ext`. */
  extNames: 16,
  /** Bytes of an `ext`, as JSON. */
  extBytes: 4_096,
  /** Bytes of a bundle: whole states of three feeds at their largest, and more. */
  bundleBytes: 256 * 1024 * 1024,
  /** Parts of a bundle. */
  bundleParts: 65_536,
  /** Roots in a bundle: each is checked, and a chain may be old. */
  bundleRoots: 256,
  /** Receipts in a file that carries them: one of each feed, and then some. */
  carriedReceipts: 16,
} as const;
