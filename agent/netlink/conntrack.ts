import { after, attributesIn, dig, find } from "./attributes.js";
import { nfgenmsg } from "./batch.js";
import {
  AF_UNSPEC,
  NLA_F_NESTED,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_REQUEST,
} from "./constants.js";
import { MalformedNetlink } from "./error.js";
import type { Message } from "./message.js";
import { IPPROTO_TCP } from "./sock-diag.js";
import type { MessageWriter } from "./writer.js";

/** What names one entry of connection tracking, and no later one. */
export interface FlowName {
  /** AF_INET or AF_INET6. */
  readonly family: number;
  /** CTA_TUPLE_ORIG as the kernel wrote it, its zone included. */
  readonly original: Uint8Array;
  readonly id: Uint8Array;
  readonly zone: Uint8Array | undefined;
}

/** Asks for every entry of a family; AF_UNSPEC is both. */
export function listFlows(w: MessageWriter, family: number): void {
  const header = { type: CT.GET, flags: NLM_F_REQUEST | NLM_F_DUMP };
  w.message(header, () => w.raw(nfgenmsg(family)));
}

/** How many entries a kernel tracks, from its answer to `askForStatistics`. */
export function flowCount({ payload }: Message): number {
  const count = find(after(payload, NFGENMSG_BYTES), CTA_STATS_ENTRIES);
  if (count?.length !== 4) throw new MalformedNetlink("no count of flows");
  return count.readUInt32BE(0);
}

/**
 * Deletes one entry, and asks for an acknowledgement. Refused with ENOENT when
 * it is gone, with EBUSY by kernels that keep what a flowtable has taken over.
 */
export function deleteFlow(w: MessageWriter, flow: FlowName): void {
  const header = { type: CT.DELETE, flags: NLM_F_REQUEST | NLM_F_ACK };
  w.message(header, () => {
    w.raw(nfgenmsg(flow.family));
    w.data(CTA.TUPLE_ORIG | NLA_F_NESTED, flow.original);
    w.data(CTA.ID, flow.id);
    if (flow.zone) w.data(CTA.ZONE, flow.zone);
  });
}

/** Asks how much is tracked; it takes the rights that deleting takes. */
export function askForStatistics(w: MessageWriter): void {
  const header = { type: CT.GET_STATS, flags: NLM_F_REQUEST };
  w.message(header, () => w.raw(nfgenmsg(AF_UNSPEC)));
}

/**
 * Source and destination of the entry's packets, then source and destination of
 * their answers: four views of the message. They differ from each other turned
 * round where addresses are translated.
 * @throws MalformedNetlink
 */
export function addressesOfFlow({ payload }: Message): readonly Buffer[] {
  const addresses: Buffer[] = [];
  for (const { type, bytes } of attributesIn(after(payload, NFGENMSG_BYTES))) {
    if (type === CTA.TUPLE_ORIG || type === CTA.TUPLE_REPLY) {
      pushAddresses(bytes, addresses);
      if (type === CTA.TUPLE_REPLY) break;
    }
  }
  if (addresses.length !== 4) {
    throw new MalformedNetlink(`a flow of ${addresses.length} addresses`);
  }
  return addresses;
}

/**
 * The protocol of a listed entry, and whether both sides speak: a TCP connection
 * is established, anything else was answered.
 * @throws MalformedNetlink
 */
export function courseOf({ payload }: Message): {
  readonly protocol: number;
  readonly isOpen: boolean;
} {
  const attributes = after(payload, NFGENMSG_BYTES);
  const protocol = dig(attributes, CTA.TUPLE_ORIG, CTA_TUPLE_PROTO, 1)?.[0];
  const status = find(attributes, CTA.STATUS);
  if (protocol === undefined || status?.length !== 4) {
    throw new MalformedNetlink("a flow without protocol or status");
  }
  const state = dig(attributes, CTA.PROTOINFO, CTA_PROTOINFO_TCP, 1)?.[0];
  const isOpen =
    protocol === IPPROTO_TCP
      ? state === TCP_CONNTRACK_ESTABLISHED
      : (status.readUInt32BE(0) & IPS_SEEN_REPLY) !== 0;
  return { protocol, isOpen };
}

/**
 * What names the listed entry; copied, so it may be kept.
 * @throws MalformedNetlink
 */
export function flowOf({ payload }: Message): FlowName {
  const attributes = after(payload, NFGENMSG_BYTES);
  const original = find(attributes, CTA.TUPLE_ORIG);
  const id = find(attributes, CTA.ID);
  const zone = find(attributes, CTA.ZONE);
  if (!original || !id) throw new MalformedNetlink("a flow without a name");
  return {
    family: payload.readUInt8(0),
    original: Uint8Array.from(original),
    id: Uint8Array.from(id),
    zone: zone && Uint8Array.from(zone),
  };
}

function pushAddresses(tuple: Buffer, into: Buffer[]): void {
  const addresses = find(tuple, CTA_TUPLE_IP);
  if (!addresses) return;
  // Source comes before destination: 1 and 2 for IPv4, 3 and 4 for IPv6.
  for (const { type, bytes } of attributesIn(addresses)) {
    const width = type <= CTA_IP_V4_DST ? 4 : 16;
    if (bytes.length !== width) {
      throw new MalformedNetlink(`a flow's address of ${bytes.length} bytes`);
    }
    into.push(bytes);
  }
}

/** linux/netfilter/nfnetlink_conntrack.h */
export const NFNL_SUBSYS_CTNETLINK = 1;

const CT = {
  GET: (NFNL_SUBSYS_CTNETLINK << 8) | 1,
  DELETE: (NFNL_SUBSYS_CTNETLINK << 8) | 2,
  GET_STATS: (NFNL_SUBSYS_CTNETLINK << 8) | 5,
} as const;

const CTA = {
  TUPLE_ORIG: 1,
  TUPLE_REPLY: 2,
  STATUS: 3,
  PROTOINFO: 4,
  ID: 12,
  ZONE: 18,
} as const;
const CTA_STATS_ENTRIES = 1;
const CTA_TUPLE_IP = 1;
const CTA_TUPLE_PROTO = 2;
const CTA_PROTOINFO_TCP = 1;
/** linux/netfilter/nf_conntrack_tcp.h, nf_conntrack_common.h */
const TCP_CONNTRACK_ESTABLISHED = 3;
const IPS_SEEN_REPLY = 2;
const CTA_IP_V4_DST = 2;

const NFGENMSG_BYTES = 4;
