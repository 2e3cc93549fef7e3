import fc from "fast-check";
import {
  FOREVER,
  LONGEST_REASON,
  type Ban,
  type Op,
} from "../../agent/model/ban.js";
import {
  cidrOf,
  formatCidr,
  isMapped,
  maskOf,
  width,
  type Cidr,
} from "../../agent/model/cidr.js";
import type { FeedName } from "../../agent/model/position.js";
import type { RingTimes } from "../../agent/model/rings.js";
import {
  impactRefusals,
  type AgentMessage,
  type CloudMessage,
} from "../../agent/protocol/messages.js";
import type { ItemOf, TelemetryItem } from "../../agent/protocol/telemetry.js";
import { refusalCodes } from "../../agent/protocol/refusals.js";
import { ISSUED_AT_S } from "../support/vectors.js";

/** Everything that the wire can carry, for property tests. */

export const cidrs: fc.Arbitrary<Cidr> = fc
  .constantFrom<4 | 6>(4, 6)
  .chain((family) =>
    fc
      .tuple(
        fc.uint8Array({ minLength: width(family), maxLength: width(family) }),
        fc.nat(width(family) * 8),
      )
      .map(([address, prefix]) => {
        const mask = maskOf(family, prefix);
        return cidrOf(
          address.map((byte, i) => byte & mask[i]!),
          prefix,
        );
      }),
  );

export const reasons = fc
  .string({ unit: "grapheme", maxLength: 40 })
  .filter((reason) => Buffer.byteLength(reason) <= LONGEST_REASON);

export const expiries = fc.oneof(
  fc.constant(FOREVER),
  fc.integer({ min: ISSUED_AT_S, max: ISSUED_AT_S + 1_000_000 }),
  fc.integer({ min: ISSUED_AT_S, max: FOREVER }),
);

/** Some host still waits, a second after they were issued at the earliest. */
const ringTimes: fc.Arbitrary<RingTimes> = fc
  .tuple(
    fc.nat(1_000_000),
    fc.nat(3_600),
    fc.nat(86_400),
    fc.nat(2_000_000_000),
  )
  .map(([first, second, third, last]) => {
    const canary = ISSUED_AT_S + first;
    const [early, broad] = [canary + second, canary + second + third];
    return { canary, early, broad, all: broad + last + 1 };
  });

export const bans: fc.Arbitrary<Ban> = fc.record(
  {
    ...{ cidr: cidrs, expiresAt: expiries, reason: reasons },
    ...{ observed: fc.boolean(), rings: ringTimes },
  },
  {
    requiredKeys: ["cidr", "expiresAt", "reason", "observed"],
    noNullPrototype: true,
  },
);

export const ops: fc.Arbitrary<Op> = fc.oneof(
  bans.map((ban) => ({ op: "ban" as const, ...ban })),
  cidrs.map((cidr) => ({ op: "lift" as const, cidr })),
);

export const feeds: fc.Arbitrary<FeedName> = fc.oneof(
  fc.constantFrom<FeedName>("urgent", "reputation", "local"),
  fc
    .stringMatching(/^[a-z0-9][a-z0-9-]{0,31}$/)
    .map((id) => `org/${id}` as const),
);

export const epochs = fc.stringMatching(/^[a-z0-9]{1,32}$/);

const hexOf = (length: number) =>
  fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`));
const base64urlOf = (bytes: number) =>
  fc
    .uint8Array({ minLength: bytes, maxLength: bytes })
    .map((raw) => Buffer.from(raw).toString("base64url"));
const counts = fc.maxSafeNat();
const times = fc.integer({ min: 0, max: 253_402_300_799_999 });
const ids = fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,63}$/);
const line = (most: number) =>
  fc.string({ unit: "grapheme-ascii", maxLength: most });

const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record<T>(model, { noNullPrototype: true });

export const positions = record({
  feed: feeds,
  epoch: epochs,
  offset: counts,
  hash: hexOf(64),
});

const signedTexts = record({
  signed: fc.string(),
  signatures: fc.array(record({ key: hexOf(16), signature: base64urlOf(64) }), {
    minLength: 1,
    maxLength: 8,
  }),
});

const plans = fc.array(
  fc.oneof(
    record({ mode: fc.constant("tail" as const), feed: feeds, epoch: epochs }),
    record({
      mode: fc.constant("segments" as const),
      feed: feeds,
      epoch: epochs,
      from: counts,
      to: counts,
    }),
    record({
      mode: fc.constant("snapshot" as const),
      feed: feeds,
      epoch: epochs,
      offset: counts,
      sha256: hexOf(64),
      bytes: fc.nat(64 * 1024 * 1024),
    }),
  ),
  { maxLength: 8 },
);

export const cloudMessages: fc.Arbitrary<CloudMessage> = fc.oneof(
  record({
    type: fc.constant("challenge" as const),
    nonce: base64urlOf(32),
    time: times,
    cloud: line(128),
  }),
  record({
    type: fc.constant("welcome" as const),
    agent: ids,
    org: ids,
    session: base64urlOf(32),
    heartbeatMs: fc.integer({ min: 100, max: 600_000 }),
    root: fc.integer({ min: 1 }),
    plans,
  }),
  record({ type: fc.constant("root" as const), root: signedTexts }),
  record({ type: fc.constant("approval" as const), approval: signedTexts }),
  record({ type: fc.constant("plan" as const), plans }),
  record({
    type: fc.constant("heads" as const),
    heads: fc.array(signedTexts, { maxLength: 8 }),
  }),
  record({
    type: fc.constant("resync" as const),
    feed: feeds,
    reason: fc.constantFrom("lag" as const, "epoch" as const),
  }),
  record({
    type: fc.constant("telemetry-ack" as const),
    spool: fc.uuid(),
    through: counts,
  }),
  record({
    type: fc.constant("impact-question" as const),
    id: fc.uuid(),
    ranges: fc.array(cidrs.filter((cidr) => !isMapped(cidr)).map(formatCidr), {
      minLength: 1,
      maxLength: 5,
    }),
  }),
  record({
    type: fc.constant("drain" as const),
    windowMs: fc.nat(3_600_000),
  }),
);

const items: fc.Arbitrary<TelemetryItem> = fc.oneof(
  record<ItemOf<"detection">>({
    kind: fc.constant("detection"),
    time: times,
    sensor: line(32),
    source: line(64),
    count: fc.integer({ min: 1 }),
    firstSeen: times,
    lastSeen: times,
    action: fc.constantFrom("banned", "held", "none"),
    rule: line(64),
  }),
  record<ItemOf<"hits">>({
    kind: fc.constant("hits"),
    from: times,
    to: times,
    top: fc.array(
      record({
        remote: line(64),
        direction: fc.constantFrom("in" as const, "out" as const),
        ...{ forwarded: fc.boolean(), observed: fc.boolean() },
        ...{ protocol: counts, port: counts, packets: counts, bytes: counts },
      }),
      { maxLength: 3 },
    ),
    others: record({
      ...{ remotes: counts, packets: counts, bytes: counts, observed: counts },
    }),
  }),
  record<ItemOf<"contact">>({
    kind: fc.constant("contact"),
    time: times,
    remote: line(64),
    ...{ protocol: counts, port: counts, packets: fc.integer({ min: 1 }) },
    ...{ begun: fc.boolean(), forwarded: fc.boolean() },
    ...{ observed: fc.boolean(), process: line(64), unit: line(256) },
    container: line(64),
  }),
  record<ItemOf<"vitals">>({
    kind: fc.constant("vitals"),
    time: times,
    // JSON has no -0.
    cpu: fc.double({ min: 0, max: 1, noNaN: true }).map((cpu) => cpu + 0),
    ...{ memoryUsedBytes: counts, memoryTotalBytes: counts },
    ...{ agentBytes: counts, uptimeSeconds: counts },
    ...{ bans: counts, observed: counts, held: counts },
    sensors: fc.array(
      record({
        name: line(32),
        source: fc.constantFrom("journal" as const, "file" as const),
        trust: fc.constantFrom(...(["writer", "kernel", "nobody"] as const)),
        ...{ lines: counts, ofService: counts, understood: counts },
        ...{ failures: counts, old: counts, unconfirmed: counts },
        newest: times,
      }),
      { maxLength: 3 },
    ),
  }),
  record<ItemOf<"inventory">>({
    kind: fc.constant("inventory"),
    time: times,
    ...{ hostname: line(253), system: line(128), kernel: line(128) },
    ...{ arch: line(32), cpus: counts, memoryTotalBytes: counts },
    version: line(32),
  }),
  record<ItemOf<"health">>({
    kind: fc.constant("health"),
    time: times,
    code: line(64),
    severity: fc.constantFrom("low", "medium", "high"),
    state: fc.constantFrom("raised", "cleared", "happened"),
    text: line(256),
  }),
  record<ItemOf<"dropped">>({
    kind: fc.constant("dropped"),
    time: times,
    items: fc.integer({ min: 1 }),
    reason: fc.constantFrom("spool-full", "spool-lost"),
  }),
);

const tallies = fc.nat(65_536);

const signedByDevice = { signed: fc.string(), signature: base64urlOf(64) };

export const agentMessages: fc.Arbitrary<AgentMessage> = fc.oneof(
  record({ type: fc.constant("hello" as const), ...signedByDevice }),
  record({ type: fc.constant("receipt" as const), ...signedByDevice }),
  record({
    type: fc.constant("resume" as const),
    feed: feeds,
    position: positions,
  }),
  record({ type: fc.constant("resume" as const), feed: feeds }),
  record({
    type: fc.constant("telemetry" as const),
    spool: fc.uuid(),
    first: fc.integer({ min: 1 }),
    items: fc.array(items, { minLength: 1, maxLength: 5 }),
  }),
  record({
    type: fc.constant("refusal" as const),
    feed: feeds,
    code: fc.constantFrom(...refusalCodes),
    detail: line(512),
  }),
  record({
    type: fc.constant("impact-answer" as const),
    id: fc.uuid(),
    ...{ live: tallies, liveBegun: tallies },
    ...{ recent: tallies, recentBegun: tallies },
    since: times,
    whole: fc.boolean(),
  }),
  record({
    type: fc.constant("impact-refusal" as const),
    id: fc.uuid(),
    why: fc.constantFrom(...impactRefusals),
  }),
);

/** Valid bytes with a few of them changed, cut out or slipped in. */
export const mutations = (valid: Uint8Array): fc.Arbitrary<Buffer> =>
  fc
    .array(
      fc.record({
        at: fc.nat(valid.length),
        remove: fc.nat(3),
        insert: fc.uint8Array({ maxLength: 3 }),
      }),
      { minLength: 1, maxLength: 4 },
    )
    .map((edits) =>
      edits.reduce(
        (bytes, { at, remove, insert }) =>
          Buffer.concat([
            bytes.subarray(0, at),
            insert,
            bytes.subarray(at + remove),
          ]),
        Buffer.from(valid),
      ),
    );
