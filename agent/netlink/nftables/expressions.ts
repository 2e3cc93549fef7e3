import type { MessageWriter } from "../writer.js";
import {
  BITWISE_MASK_XOR,
  CMP_EQUAL,
  CMP_NOT_EQUAL,
  DYNSET_UPDATE,
  LOOKUP_INVERTED,
  NAT_DESTINATION,
  NAT_HAS_PORT,
  NFTA_BITWISE,
  NFTA_CMP,
  NFTA_DATA,
  NFTA_DYNSET,
  NFTA_EXPR,
  NFTA_FIB,
  NFTA_IMMEDIATE,
  LIMIT_OVER,
  LIMIT_PACKETS,
  NFTA_LIMIT,
  NFTA_LIST_ELEM,
  NFTA_LOG,
  NFTA_LOOKUP,
  NFTA_META,
  NFTA_NAT,
  NFTA_OBJREF,
  NFTA_PAYLOAD,
  NFTA_REJECT,
  NFTA_VERDICT,
  NFT_OBJECT_COUNTER,
  REGISTER,
} from "./constants.js";

/**
 * One step of a rule. Steps hand values on in registers, by default in the
 * first; a step that does not match ends the rule.
 */
export type Expression = (w: MessageWriter) => void;

/** Loads a fact about the packet, such as `META.NFPROTO`. */
// nft: meta nfproto, meta l4proto, iif
export const meta = (key: number, into: number = REGISTER.FIRST): Expression =>
  expression("meta", (w) => {
    w.u32(NFTA_META.KEY, key);
    w.u32(NFTA_META.REGISTER, into);
  });

/** A piece of the packet: bytes from an offset in one of its headers. */
export interface Slice {
  readonly base: number;
  readonly offset: number;
  readonly length: number;
}

/** Loads a piece of the packet; a packet that lacks it does not match. */
// nft: ip saddr, th dport
export const payload = (
  { base, offset, length }: Slice,
  into: number = REGISTER.FIRST,
): Expression =>
  expression("payload", (w) => {
    w.u32(NFTA_PAYLOAD.REGISTER, into);
    w.u32(NFTA_PAYLOAD.BASE, base);
    w.u32(NFTA_PAYLOAD.OFFSET, offset);
    w.u32(NFTA_PAYLOAD.LENGTH, length);
  });

/** Matches when the register holds `value`. */
// nft: meta nfproto ipv4
export const equals = (value: Uint8Array): Expression =>
  compare(CMP_EQUAL, value);

/** Matches when the register holds anything but `value`. */
// nft: meta random & 31 != 0
export const differs = (value: Uint8Array): Expression =>
  compare(CMP_NOT_EQUAL, value);

const compare = (operation: number, value: Uint8Array): Expression =>
  expression("cmp", (w) => {
    w.u32(NFTA_CMP.REGISTER, REGISTER.FIRST);
    w.u32(NFTA_CMP.OPERATION, operation);
    w.nest(NFTA_CMP.DATA, () => w.data(NFTA_DATA.VALUE, value));
  });

/** Clears the bits that `mask` does not have. */
// nft: ip saddr & 255.255.255.0
export const and = (mask: Uint8Array): Expression =>
  expression("bitwise", (w) => {
    w.u32(NFTA_BITWISE.SOURCE, REGISTER.FIRST);
    w.u32(NFTA_BITWISE.REGISTER, REGISTER.FIRST);
    w.u32(NFTA_BITWISE.OPERATION, BITWISE_MASK_XOR);
    w.u32(NFTA_BITWISE.LENGTH, mask.length);
    w.nest(NFTA_BITWISE.MASK, () => w.data(NFTA_DATA.VALUE, mask));
    w.nest(NFTA_BITWISE.XOR, () =>
      w.data(NFTA_DATA.VALUE, new Uint8Array(mask.length)),
    );
  });

/** Matches when the set has what the register holds. */
// nft: ip saddr @ban4_32_a
export const isIn = (set: string): Expression => lookup(set, false);

/** Matches when the set does not have what the register holds. */
// nft: meta l4proto != @ported
export const isNotIn = (set: string): Expression => lookup(set, true);

/** What to look up in the routes, and by which of a packet's addresses. */
export interface RouteQuestion {
  readonly result: number;
  readonly of: number;
}

/** Loads what the routes say, such as the kind of the destination. */
// nft: fib daddr type
export const fib = (
  { result, of: flags }: RouteQuestion,
  into: number,
): Expression =>
  expression("fib", (w) => {
    w.u32(NFTA_FIB.FLAGS, flags);
    w.u32(NFTA_FIB.RESULT, result);
    w.u32(NFTA_FIB.REGISTER, into);
  });

/** Drops the packet and tells its sender; `code` is for the ICMP kinds. */
// nft: reject with tcp reset
export const reject = (type: number, code = 0): Expression =>
  expression("reject", (w) => {
    w.u32(NFTA_REJECT.TYPE, type);
    w.data(NFTA_REJECT.CODE, Uint8Array.of(code));
  });

/** Loads a constant. */
// nft: the 255 of update @remotes_in4 { ip saddr . 255 . … }
export const constant = (value: Uint8Array, into: number): Expression =>
  expression("immediate", (w) => {
    w.u32(NFTA_IMMEDIATE.REGISTER, into);
    w.nest(NFTA_IMMEDIATE.DATA, () => w.data(NFTA_DATA.VALUE, value));
  });

/** Ends the rule with a verdict, `chain` being where to go. */
// nft: drop, goto banned_in4
export const verdict = (code: number, chain?: string): Expression =>
  expression("immediate", (w) => {
    w.u32(NFTA_IMMEDIATE.REGISTER, REGISTER.VERDICT);
    w.nest(NFTA_IMMEDIATE.DATA, () =>
      w.nest(NFTA_DATA.VERDICT, () => {
        w.u32(NFTA_VERDICT.CODE, code >>> 0);
        if (chain !== undefined) w.text(NFTA_VERDICT.CHAIN, chain);
      }),
    );
  });

/**
 * Counts the packet in the set's element for the registers from the first on,
 * and makes the element where it is missing. Does not match when it can't.
 */
// nft: update @remotes_in4 { ip saddr . … counter }
export const countIn = (set: string): Expression =>
  updateIn(set, (w) => {
    w.text(NFTA_EXPR.NAME, "counter");
    w.nest(NFTA_EXPR.DATA, () => undefined);
  });

/** Counts the packet in a counter of the table. */
// nft: counter name "dropped_in4"
export const countAs = (counter: string): Expression =>
  expression("objref", (w) => {
    w.u32(NFTA_OBJREF.TYPE, NFT_OBJECT_COUNTER);
    w.text(NFTA_OBJREF.NAME, counter);
  });

/** How often something may be in so many seconds, after so many at once. */
export interface Rate {
  readonly times: number;
  readonly seconds: number;
  readonly burst: number;
}

/** Matches what comes more often than this, over all packets of the rule. */
// nft: limit rate over 1000/second burst 1000 packets
export const isOver = (rate: Rate): Expression =>
  expression("limit", (w) => writeRate(w, rate, LIMIT_OVER));

/**
 * Matches as long as the packet's element in the set, found and made as with
 * `countIn`, is not over its rate. Does not match when there is no room for it.
 */
// nft: update @told4 { ip daddr . … limit rate 6/minute burst 4 packets }
export const limitIn = (set: string, rate: Rate): Expression =>
  updateIn(set, (w) => {
    w.text(NFTA_EXPR.NAME, "limit");
    w.nest(NFTA_EXPR.DATA, () => writeRate(w, rate, 0));
  });

function writeRate(w: MessageWriter, rate: Rate, flags: number): void {
  w.u64(NFTA_LIMIT.RATE, rate.times);
  w.u64(NFTA_LIMIT.UNIT, rate.seconds);
  w.u32(NFTA_LIMIT.BURST, rate.burst);
  w.u32(NFTA_LIMIT.TYPE, LIMIT_PACKETS);
  w.u32(NFTA_LIMIT.FLAGS, flags);
}

/** What is told of a packet, and to whom. */
export interface PacketLog {
  readonly group: number;
  /** At most 127 bytes. */
  readonly prefix: string;
  /** So many bytes of the packet. */
  readonly bytes: number;
}

/** Tells whoever has bound the group of the packet, at once. */
// nft: log prefix "dropped" group 29809 snaplen 128 queue-threshold 1
export const logTo = ({ group, prefix, bytes }: PacketLog): Expression =>
  expression("log", (w) => {
    w.text(NFTA_LOG.PREFIX, prefix);
    w.data(NFTA_LOG.GROUP, Uint8Array.of(group >> 8, group & 0xff));
    w.u32(NFTA_LOG.BYTES, bytes);
    w.data(NFTA_LOG.QUEUED, Uint8Array.of(0, 1));
  });

const updateIn = (set: string, state: Expression): Expression =>
  expression("dynset", (w) => {
    w.u32(NFTA_DYNSET.KEY_REGISTER, REGISTER.FIRST);
    w.u32(NFTA_DYNSET.OPERATION, DYNSET_UPDATE);
    w.text(NFTA_DYNSET.SET, set);
    w.nest(NFTA_DYNSET.EXPRESSION, () => state(w));
  });

/** Registers that hold an address and a port in network byte order. */
export interface EndpointRegisters {
  /** Of the address, such as `NFPROTO_IPV4`. */
  readonly family: number;
  readonly address: number;
  readonly port: number;
}

/** Sends the packet's connection on to the address and port in the registers. */
// nft: dnat ip to 10.0.0.2:80
export const dnat = ({
  family,
  address,
  port,
}: EndpointRegisters): Expression =>
  expression("nat", (w) => {
    w.u32(NFTA_NAT.TYPE, NAT_DESTINATION);
    w.u32(NFTA_NAT.FAMILY, family);
    w.u32(NFTA_NAT.ADDRESS_REGISTER, address);
    w.u32(NFTA_NAT.PORT_REGISTER, port);
    w.u32(NFTA_NAT.FLAGS, NAT_HAS_PORT);
  });

const lookup = (set: string, inverted: boolean): Expression =>
  expression("lookup", (w) => {
    w.u32(NFTA_LOOKUP.REGISTER, REGISTER.FIRST);
    w.text(NFTA_LOOKUP.SET, set);
    if (inverted) w.u32(NFTA_LOOKUP.FLAGS, LOOKUP_INVERTED);
  });

function expression(name: string, fill: Expression): Expression {
  return (w) =>
    w.nest(NFTA_LIST_ELEM, () => {
      w.text(NFTA_EXPR.NAME, name);
      w.nest(NFTA_EXPR.DATA, () => fill(w));
    });
}
