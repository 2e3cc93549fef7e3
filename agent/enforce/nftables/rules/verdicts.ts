import { bits, width } from "../../../model/cidr.js";
import { OTHER_PROTOCOL } from "../../../model/protocol-name.js";
import { hostBytes } from "../../../netlink/attributes.js";
import {
  FIB,
  HEADER,
  META,
  REGISTER,
  REJECT,
  VERDICT,
  registerAt,
} from "../../../netlink/nftables/constants.js";
import {
  and,
  constant,
  countAs,
  countIn,
  differs,
  equals,
  fib,
  isIn,
  isNotIn,
  isOver,
  limitIn,
  logTo,
  meta,
  payload,
  reject,
  verdict,
  type Expression,
} from "../../../netlink/nftables/expressions.js";
import type { Posture } from "../../enforcer.js";
import {
  probeName,
  probed,
  totalName,
  type VerdictName,
} from "../sets/counters.js";
import {
  COUNTED,
  PORTED,
  allowSet,
  hitsSet,
  remoteBits,
  toldSet,
} from "../sets/layout.js";
import { REFUSED, type HookPath } from "./hooks.js";
import { network } from "./network.js";

/** A rule is the steps that a packet goes through. */
export type Rule = readonly Expression[];

/** What rules depend on, beside the sets that there are. */
export interface Build {
  readonly posture: Posture;
  /** Whether this kernel can tell whom a packet is for: nft_fib. */
  readonly fib: boolean;
  /** Whether it can tell of single packets. */
  readonly log: boolean;
  /** Whether it knows how often something comes: nft_limit. */
  readonly limit: boolean;
}

/** What of it the kernel decides, and not whoever runs this host. */
export type RuleFeatures = Omit<Build, "posture">;

/** What becomes of packets from or to a banned address. */
export function dropRules(path: HookPath, build: Build): Rule[] {
  if (build.posture.mode === "observe") return observeRules(path, build);
  const end =
    path.fate === "drop"
      ? verdict(VERDICT.DROP)
      : verdict(VERDICT.GOTO, REFUSED);
  return matched(path, build, { name: "dropped", mark: DROPPED, end });
}

/** What becomes of packets from or to an observed address: they pass. */
export function observeRules(path: HookPath, build: Build): Rule[] {
  const end = verdict(VERDICT.ACCEPT);
  return matched(path, build, { name: "observed", mark: OBSERVED, end });
}

/** What a local program hears that goes to a banned address. */
export function refused(): Rule[] {
  return [
    // nft: meta l4proto tcp reject with tcp reset
    [meta(META.L4PROTO), equals(TCP), reject(REJECT.TCP_RESET)],
    // nft: reject with icmpx admin-prohibited
    [reject(REJECT.ICMPX_UNREACHABLE, REJECT.ICMPX_ADMIN_PROHIBITED)],
  ];
}

/** Compares how often packets come with how many are counted by remote. */
// nft: limit rate over 1000/second burst 1000 packets
export const paced = (): Rule => [isOver(COUNTED_RATE)];

/** Compares whom a packet is for with this host. */
// nft: fib daddr type local
export function toThisHost(): Rule {
  return [
    fib(DESTINATION_TYPE, REGISTER.FIRST),
    equals(hostBytes(TO_THIS_HOST)),
  ];
}

/** A count's last field: what became of the packet. */
export const DROPPED = hostBytes(0);
export const OBSERVED = hostBytes(1);

/** The kind of address that this host itself has: RTN_LOCAL. */
const TO_THIS_HOST = 2;

interface Verdict {
  readonly name: VerdictName;
  readonly mark: Uint8Array;
  readonly end: Expression;
}

/**
 * Protected addresses pass; all others are counted on their way to the end: all
 * of them in the totals, and by remote as many as is worth it. To count by
 * remote can fail when the set is full; the end stands in a rule of its own, so
 * that it can't.
 */
function matched(path: HookPath, build: Build, fate: Verdict): Rule[] {
  const { mark, end } = fate;
  const remote = network(path, bits(path.family));
  return [
    // nft: ip saddr @allow4 accept
    [...remote, isIn(allowSet(path.family).name), verdict(VERDICT.ACCEPT)],
    ...probes(path, fate),
    ...(build.log ? nflogRules(path, mark) : []),
    totalled(path, build, fate),
    ...counted(path, build, fate),
    // nft: drop
    [end],
  ];
}

/** What goes to the probe's address is news for nobody but the probe. */
// nft: ip daddr 192.0.2.254 counter name "probe_dropped4" drop
function probes(path: HookPath, { name, end }: Verdict): Rule[] {
  const { family, direction } = path;
  if (direction === "in") return [];
  const remote = network(path, bits(family));
  return probed(family).map((address) => [
    ...[...remote, equals(address)],
    ...[countAs(probeName(family, name)), end],
  ]);
}

/**
 * Counts every packet. Of what comes faster than is worth it, most come to their
 * end here: some, drawn by lot, go on to be counted by remote, so that nobody can
 * hide among the packets of others.
 */
// nft: counter name "dropped_in4" limit rate over 1000/second burst 1000 packets
//      meta random & 31 != 0 drop
function totalled(path: HookPath, { limit }: Build, fate: Verdict): Rule {
  const count = countAs(totalName(path, fate.name));
  if (!limit) return [count];
  const lot = [meta(META.RANDOM), and(LOT), differs(NOUGHT)];
  return [count, isOver(COUNTED_RATE), ...lot, fate.end];
}

/** Counts by remote address: by protocol those worth it, all others as one. */
function counted(path: HookPath, build: Build, { mark, end }: Verdict): Rule[] {
  const { family } = path;
  const after = (bytes: number) => registerAt(width(family) + bytes);
  const remote = network(path, remoteBits(path));
  const protocol = meta(META.L4PROTO, after(0));
  const count = [
    way(path, build, after(4)),
    constant(mark, after(8)),
    countIn(hitsSet(path).name),
  ];
  return [
    // nft: meta l4proto @counted update @remotes_in4
    //      { ip saddr . meta l4proto . fib daddr type . 0x00000000 counter } drop
    [
      ...[meta(META.L4PROTO), isIn(COUNTED.name), ...remote, protocol],
      ...[...count, end],
    ],
    // nft: update @remotes_in4
    //      { ip saddr . 255 . fib daddr type . 0x00000000 counter } drop
    [...remote, constant(OTHER, after(0)), ...count, end],
  ];
}

/**
 * Packets of one side that are all counted by remote. To count one costs as much
 * as to find its ban, and beyond this rate nobody reads the difference.
 */
export const COUNTED_RATE = { times: 1_000, seconds: 1, burst: 1_000 };

/** Of what is beyond, one in so many, a power of two. */
const LOTS = 32;
const LOT = Uint8Array.of(0, 0, 0, LOTS - 1);
const NOUGHT = Uint8Array.of(0, 0, 0, 0);

/**
 * Tells of packets that go out, so that whoever sent them can be found while the
 * socket lives. The rules tell and do nothing else: what they cannot tell is
 * counted all the same.
 */
export function nflogRules(path: HookPath, mark: Uint8Array): Rule[] {
  const { family, direction } = path;
  if (direction === "in") return [];
  const after = (bytes: number) => registerAt(width(family) + bytes);
  const remote = network(path, bits(family));
  const protocol = meta(META.L4PROTO, after(0));
  const tell = [
    path.hook === "output"
      ? constant(hostBytes(0), after(8))
      : meta(META.IIF, after(8)),
    limitIn(toldSet(family).name, TOLD_RATE),
    logTo(mark === OBSERVED ? TOLD_OF.observed : TOLD_OF.dropped),
  ];
  return [
    // nft: meta l4proto @ported update @told4
    //      { ip daddr . meta l4proto . th dport . iif limit rate 6/minute burst 4 packets }
    //      log prefix "dropped" group 29809 snaplen 128 queue-threshold 1
    [
      ...[meta(META.L4PROTO), isIn(PORTED.name), ...remote, protocol],
      ...[payload(DESTINATION_PORT, after(4)), ...tell],
    ],
    // nft: meta l4proto != @ported update @told4
    //      { ip daddr . meta l4proto . 0 . iif limit rate 6/minute burst 4 packets }
    //      log prefix "dropped" group 29809 snaplen 128 queue-threshold 1
    [
      ...[meta(META.L4PROTO), isNotIn(PORTED.name), ...remote, protocol],
      ...[constant(NO_PORT, after(4)), ...tell],
    ],
  ];
}

/** The first attempts of a connection, and then one in ten seconds. */
const TOLD_RATE = { times: 6, seconds: 60, burst: 4 };

/** Whom packets are told to ("tq"): IPv6 with some extensions, and TCP. */
export const NFLOG = { group: 0x7471, bytes: 128 } as const;

const TOLD_OF = {
  dropped: { ...NFLOG, prefix: "dropped" },
  observed: { ...NFLOG, prefix: "observed" },
};

/**
 * Loads what tells a packet that is forwarded: the kind of its destination, or
 * the device that it came in by.
 */
function way({ hook }: HookPath, { fib: knows }: Build, into: number) {
  switch (hook) {
    case "prerouting": // nft: fib daddr type
      return knows
        ? fib(DESTINATION_TYPE, into)
        : constant(hostBytes(TO_THIS_HOST), into);
    case "postrouting": // nft: iif
      return meta(META.IIF, into);
    case "output":
      return constant(hostBytes(0), into);
  }
}

const DESTINATION_TYPE = { result: FIB.ADDRESS_TYPE, of: FIB.DESTINATION };
const DESTINATION_PORT = { base: HEADER.TRANSPORT, offset: 2, length: 2 };
const NO_PORT = Uint8Array.of(0, 0);
const OTHER = Uint8Array.of(OTHER_PROTOCOL);
const TCP = Uint8Array.of(6);
