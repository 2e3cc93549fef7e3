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
export type Means = Omit<Build, "posture">;

/** What becomes of packets from or to a banned address. */
export function dropRules(station: HookPath, build: Build): Rule[] {
  if (build.posture.mode === "observe") return observeRules(station, build);
  const end =
    station.fate === "drop"
      ? verdict(VERDICT.DROP)
      : verdict(VERDICT.GOTO, REFUSED);
  return matched(station, build, { name: "dropped", mark: DROPPED, end });
}

/** What becomes of packets from or to an observed address: they pass. */
export function observeRules(station: HookPath, build: Build): Rule[] {
  const end = verdict(VERDICT.ACCEPT);
  return matched(station, build, { name: "observed", mark: OBSERVED, end });
}

/** What a local program hears that goes to a banned address. */
export function refused(): Rule[] {
  return [
    [meta(META.L4PROTO), equals(TCP), reject(REJECT.TCP_RESET)],
    [reject(REJECT.ICMPX_UNREACHABLE, REJECT.ICMPX_ADMIN_PROHIBITED)],
  ];
}

/** Compares how often packets come with how many are counted by remote. */
export const paced = (): Rule => [isOver(COUNTED_RATE)];

/** Compares whom a packet is for with this host. */
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
function matched(station: HookPath, build: Build, fate: Verdict): Rule[] {
  const { mark, end } = fate;
  const remote = network(station, bits(station.family));
  return [
    [...remote, isIn(allowSet(station.family).name), verdict(VERDICT.ACCEPT)],
    ...probes(station, fate),
    ...(build.log ? nflogRules(station, mark) : []),
    totalled(station, build, fate),
    ...counted(station, build, fate),
    [end],
  ];
}

/** What goes to a proof's address is news for nobody but the proof. */
function probes(station: HookPath, { name, end }: Verdict): Rule[] {
  const { family, direction } = station;
  if (direction === "in") return [];
  const remote = network(station, bits(family));
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
function totalled(station: HookPath, { limit }: Build, fate: Verdict): Rule {
  const count = countAs(totalName(station, fate.name));
  if (!limit) return [count];
  const lot = [meta(META.RANDOM), and(LOT), differs(NOUGHT)];
  return [count, isOver(COUNTED_RATE), ...lot, fate.end];
}

function counted(
  station: HookPath,
  build: Build,
  { mark, end }: Verdict,
): Rule[] {
  const { family } = station;
  const after = (bytes: number) => registerAt(width(family) + bytes);
  const remote = network(station, remoteBits(station));
  const protocol = meta(META.L4PROTO, after(0));
  const count = [
    way(station, build, after(4)),
    constant(mark, after(8)),
    countIn(hitsSet(station).name),
  ];
  return [
    [
      ...[meta(META.L4PROTO), isIn(COUNTED.name), ...remote, protocol],
      ...[...count, end],
    ],
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
export function nflogRules(station: HookPath, mark: Uint8Array): Rule[] {
  const { family, direction } = station;
  if (direction === "in") return [];
  const after = (bytes: number) => registerAt(width(family) + bytes);
  const remote = network(station, bits(family));
  const protocol = meta(META.L4PROTO, after(0));
  const tell = [
    station.hook === "output"
      ? constant(hostBytes(0), after(8))
      : meta(META.IIF, after(8)),
    limitIn(toldSet(family).name, TOLD_RATE),
    logTo(mark === OBSERVED ? TOLD_OF.observed : TOLD_OF.dropped),
  ];
  return [
    [
      ...[meta(META.L4PROTO), isIn(PORTED.name), ...remote, protocol],
      ...[payload(DESTINATION_PORT, after(4)), ...tell],
    ],
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
    case "prerouting":
      return knows
        ? fib(DESTINATION_TYPE, into)
        : constant(hostBytes(TO_THIS_HOST), into);
    case "postrouting":
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
