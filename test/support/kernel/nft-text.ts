import type { Rule } from "../../../agent/enforce/nftables/rules/verdicts.js";
import { TABLE } from "../../../agent/enforce/nftables/sets/layout.js";
import { formatAddress } from "../../../agent/model/cidr.js";
import {
  after,
  attributesIn,
  dig,
  find,
  hostU32,
  netU64,
  textOf,
} from "../../../agent/netlink/attributes.js";
import {
  CMP_EQUAL,
  META,
  NFTA_BITWISE,
  NFTA_CMP,
  NFTA_DATA,
  NFTA_DYNSET,
  NFTA_EXPR,
  NFTA_FIB,
  NFTA_IMMEDIATE,
  NFTA_LIMIT,
  NFTA_LOG,
  NFTA_LOOKUP,
  NFTA_META,
  NFTA_OBJREF,
  NFTA_PAYLOAD,
  NFTA_REJECT,
  NFTA_RULE,
  NFTA_VERDICT,
  REJECT,
  REGISTER,
  VERDICT,
} from "../../../agent/netlink/nftables/constants.js";
import { addRule } from "../../../agent/netlink/nftables/messages.js";
import { written } from "./netlink.js";

/**
 * A rule as `nft` would print it: read from the bytes that the kernel is sent, as
 * far as rules of ours go. docs/ruleset.md, which nft has printed, is its measure.
 */
export function nftText(rule: Rule): string {
  const [message] = written((w) => addRule(w, TABLE, "chain", rule));
  const attributes = after(message?.payload ?? NOTHING, NFGENMSG_BYTES);
  const steps = find(attributes, NFTA_RULE.EXPRESSIONS) ?? NOTHING;
  const printer = new Printer();
  const words = Array.from(attributesIn(steps), ({ bytes }) =>
    printer.word(
      textOf(find(bytes, NFTA_EXPR.NAME) ?? NOTHING),
      find(bytes, NFTA_EXPR.DATA) ?? NOTHING,
    ),
  );
  return words.filter((word) => word !== "").join(" ");
}

/** Knows what each register was loaded with, by its offset in bytes. */
class Printer {
  #loaded = new Map<number, string>();

  /** What each kind of step adds to the text; nothing where it only loads. */
  readonly #words: Readonly<Record<string, (data: Buffer) => string>> = {
    meta: (data) => this.#load(data, NFTA_META.REGISTER, metaName(data)),
    payload: (data) => this.#load(data, NFTA_PAYLOAD.REGISTER, fieldName(data)),
    fib: (data) => this.#load(data, NFTA_FIB.REGISTER, "fib daddr type"),
    bitwise: (data) => this.#mask(find(data, NFTA_BITWISE.MASK) ?? NOTHING),
    cmp: (data) => this.#compare(data),
    lookup: (data) => this.#lookUp(data),
    immediate: (data) => this.#immediate(data),
    dynset: (data) => this.#update(data),
    objref: (data) => `counter name "${text(data, NFTA_OBJREF.NAME)}"`,
    limit: limitText,
    log: logText,
    reject: (data) =>
      `reject with ${rejection(number(data, NFTA_REJECT.TYPE))}`,
  };

  word(name: string, data: Buffer): string {
    const word = this.#words[name];
    if (!word) throw new Error(`a step that is not printed yet: ${name}`);
    return word(data);
  }

  get #first(): string {
    return this.#loaded.get(0) ?? "?";
  }

  #load(data: Buffer, register: number, what: string): "" {
    this.#loaded.set(offsetOf(number(data, register)), what);
    return "";
  }

  #mask(mask: Buffer): "" {
    const value = find(mask, NFTA_DATA.VALUE) ?? NOTHING;
    const isNumber = this.#first.startsWith("meta");
    const masked = isNumber
      ? String(value.readUInt32BE(0))
      : formatAddress(value);
    this.#loaded.set(0, `${this.#first} & ${masked}`);
    return "";
  }

  #compare(data: Buffer): string {
    const value = dig(data, NFTA_CMP.DATA, NFTA_DATA.VALUE) ?? NOTHING;
    const what = this.#first;
    // nft leaves out what the field after it says as well.
    if (what === "meta nfproto") return "";
    const isEqual = number(data, NFTA_CMP.OPERATION) === CMP_EQUAL;
    return `${what} ${isEqual ? "" : "!= "}${valueText(what, value)}`;
  }

  #lookUp(data: Buffer): string {
    const isInverted = find(data, NFTA_LOOKUP.FLAGS) !== undefined;
    const equal = this.#first.includes("&") ? "== " : "";
    const set = text(data, NFTA_LOOKUP.SET);
    return `${this.#first} ${isInverted ? "!= " : equal}@${set}`;
  }

  #immediate(data: Buffer): string {
    const to = find(data, NFTA_IMMEDIATE.DATA) ?? NOTHING;
    const register = number(data, NFTA_IMMEDIATE.REGISTER);
    if (register === REGISTER.VERDICT) {
      return verdictText(find(to, NFTA_DATA.VERDICT) ?? NOTHING);
    }
    const value = find(to, NFTA_DATA.VALUE) ?? NOTHING;
    const constant = value.length === 4 ? hostU32(value, 0) : value.at(-1);
    this.#loaded.set(offsetOf(register), String(constant));
    return "";
  }

  #update(data: Buffer): string {
    const set = text(data, NFTA_DYNSET.SET);
    const fields = [...this.#loaded].sort(([a], [b]) => a - b);
    const key = fields.map(([, field]) => field);
    // The last field of a count is a mark, which nft prints in hex.
    const mark = set.startsWith("remotes_") ? key.pop() : undefined;
    if (mark !== undefined) {
      key.push(`0x${Number(mark).toString(16).padStart(8, "0")}`);
    }
    const state = find(data, NFTA_DYNSET.EXPRESSION) ?? NOTHING;
    const is = text(state, NFTA_EXPR.NAME);
    const limit = find(state, NFTA_EXPR.DATA) ?? NOTHING;
    const kept = is === "limit" ? limitText(limit) : is;
    return `update @${set} { ${key.join(" . ")} ${kept} }`;
  }
}

function metaName(data: Buffer): string {
  const names: Record<number, string> = {
    [META.IIF]: "iif",
    [META.OIF]: "oif",
    [META.NFPROTO]: "meta nfproto",
    [META.L4PROTO]: "meta l4proto",
    [META.RANDOM]: "meta random",
  };
  return names[number(data, NFTA_META.KEY)] ?? "meta ?";
}

/** Which field lies there; headers of four and of sixteen bytes differ in length. */
function fieldName(data: Buffer): string {
  const offset = number(data, NFTA_PAYLOAD.OFFSET);
  const length = number(data, NFTA_PAYLOAD.LENGTH);
  if (length === 2) return "th dport";
  const [family, source] = length === 4 ? ["ip", 12] : ["ip6", 8];
  return `${family} ${offset === source ? "saddr" : "daddr"}`;
}

function valueText(what: string, value: Buffer): string {
  if (what === "iif" || what === "oif") return '"lo"';
  if (what === "meta l4proto") return value[0] === 6 ? "tcp" : `${value[0]}`;
  if (what.startsWith("fib")) return "local";
  if (what.startsWith("meta")) return String(value.readUInt32BE(0));
  return formatAddress(value);
}

function verdictText(verdict: Buffer): string {
  const chain = find(verdict, NFTA_VERDICT.CHAIN);
  const to = chain === undefined ? "" : ` ${textOf(chain)}`;
  switch (number(verdict, NFTA_VERDICT.CODE) | 0) {
    case VERDICT.DROP:
      return "drop";
    case VERDICT.ACCEPT:
      return "accept";
    case VERDICT.JUMP:
      return `jump${to}`;
    default:
      return `goto${to}`;
  }
}

function limitText(data: Buffer): string {
  const times = netU64(find(data, NFTA_LIMIT.RATE) ?? NOTHING);
  const seconds = netU64(find(data, NFTA_LIMIT.UNIT) ?? NOTHING);
  const over = number(data, NFTA_LIMIT.FLAGS) === 1 ? "over " : "";
  const unit = seconds === 1 ? "second" : "minute";
  const burst = number(data, NFTA_LIMIT.BURST);
  return `limit rate ${over}${times}/${unit} burst ${burst} packets`;
}

function logText(data: Buffer): string {
  const group = find(data, NFTA_LOG.GROUP)?.readUInt16BE(0);
  const bytes = number(data, NFTA_LOG.BYTES);
  const queued = find(data, NFTA_LOG.QUEUED)?.readUInt16BE(0);
  return `log prefix "${text(data, NFTA_LOG.PREFIX)}" group ${group} snaplen ${bytes} queue-threshold ${queued}`;
}

const rejection = (type: number): string =>
  type === REJECT.TCP_RESET ? "tcp reset" : "icmpx admin-prohibited";

const text = (data: Buffer, type: number): string =>
  textOf(find(data, type) ?? NOTHING);

const number = (data: Buffer, type: number): number =>
  find(data, type)?.readUInt32BE(0) ?? 0;

/** Registers of 16 bytes count from 1, those of 4 bytes from 8. */
const offsetOf = (register: number): number =>
  register < 8 ? (register - 1) * 16 : (register - 8) * 4;

const NFGENMSG_BYTES = 4;
const NOTHING = Buffer.alloc(0);
