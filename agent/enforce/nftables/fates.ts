import { bits, width } from "../../model/cidr.js";
import { hostBytes } from "../../netlink/attributes.js";
import {
  FIB,
  HEADER,
  META,
  REGISTER,
  REJECT,
  VERDICT,
  registerAt,
} from "../../netlink/nftables/constants.js";
import {
  constant,
  countIn,
  equals,
  fib,
  isIn,
  isNotIn,
  limitIn,
  logTo,
  meta,
  payload,
  reject,
  verdict,
  type Expression,
} from "../../netlink/nftables/expressions.js";
import type { Posture } from "../enforcer.js";
import { PORTED, allowSet, hitsSet, toldSet } from "./layout.js";
import { network } from "./network.js";
import { REFUSED, type Station } from "./stations.js";

/** A rule is the steps that a packet goes through. */
export type Rule = readonly Expression[];

/** What rules depend on, beside the sets that there are. */
export interface Build {
  readonly posture: Posture;
  /** Whether this kernel can tell whom a packet is for: nft_fib. */
  readonly fib: boolean;
  /** Whether it can tell of single packets. */
  readonly log: boolean;
}

/** What of it the kernel decides, and not whoever runs this host. */
export type Means = Omit<Build, "posture">;

/** What becomes of packets from or to a banned address. */
export function banned(station: Station, build: Build): Rule[] {
  if (build.posture.mode === "observe") return watched(station, build);
  const end =
    station.fate === "drop"
      ? verdict(VERDICT.DROP)
      : verdict(VERDICT.GOTO, REFUSED);
  return matched(station, build, { mark: DROPPED, end });
}

/** What becomes of packets from or to an observed address: they pass. */
export function watched(station: Station, build: Build): Rule[] {
  return matched(station, build, {
    mark: OBSERVED,
    end: verdict(VERDICT.ACCEPT),
  });
}

/** What a local program hears that goes to a banned address. */
export function refused(): Rule[] {
  return [
    [meta(META.L4PROTO), equals(TCP), reject(REJECT.TCP_RESET)],
    [reject(REJECT.ICMPX_UNREACHABLE, REJECT.ICMPX_ADMIN_PROHIBITED)],
  ];
}

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

interface Fate {
  readonly mark: Uint8Array;
  readonly end: Expression;
}

/**
 * Protected addresses pass; all others are counted on their way to the end.
 * Counting can fail when the set is full; the end stands in a rule of its own,
 * so that it can't.
 */
function matched(station: Station, build: Build, { mark, end }: Fate): Rule[] {
  const { family } = station;
  const after = (bytes: number) => registerAt(width(family) + bytes);
  const remote = network(station, bits(family));
  const protocol = meta(META.L4PROTO, after(0));
  const count = [
    way(station, build, after(8)),
    constant(mark, after(12)),
    countIn(hitsSet(station).name),
  ];
  return [
    [...remote, isIn(allowSet(family).name), verdict(VERDICT.ACCEPT)],
    ...(build.log ? tellings(station, mark) : []),
    [
      ...[meta(META.L4PROTO), isIn(PORTED.name), ...remote, protocol],
      ...[payload(DESTINATION_PORT, after(4)), ...count, end],
    ],
    // Without ports, a later fragment, or cut short.
    [...remote, protocol, constant(NO_PORT, after(4)), ...count, end],
    [end],
  ];
}

/**
 * Tells of packets that go out, so that whoever sent them can be found while the
 * socket lives. The rules tell and do nothing else: what they cannot tell is
 * counted all the same.
 */
export function tellings(station: Station, mark: Uint8Array): Rule[] {
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
const TOLD_RATE = { perMinute: 6, burst: 4 };

/** Whom packets are told to ("tq"): IPv6 with some extensions, and TCP. */
export const TOLD = { group: 0x7471, bytes: 128 } as const;

const TOLD_OF = {
  dropped: { ...TOLD, prefix: "dropped" },
  observed: { ...TOLD, prefix: "observed" },
};

/**
 * Loads what tells a packet that is forwarded: the kind of its destination, or
 * the device that it came in by.
 */
function way({ hook }: Station, { fib: knows }: Build, into: number) {
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
const TCP = Uint8Array.of(6);
