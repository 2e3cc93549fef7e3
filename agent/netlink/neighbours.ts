import { after, find, hostU16 } from "./attributes.js";
import type { Message } from "./message.js";
import { addressOf, familyOf, list } from "./route.js";
import type { NetlinkSocket } from "./socket.js";

/** Another machine on a link of this host, as the kernel knows it. */
export interface Neighbour {
  readonly family: 4 | 6;
  readonly address: Uint8Array;
  /** It did not answer when it was last asked for. */
  readonly lost: boolean;
}

/** Whom the kernel knows on all links, from a NETLINK_ROUTE socket. */
export function readNeighbours(socket: NetlinkSocket): Neighbour[] {
  const listing = { operation: "list neighbours", type: RTM_GETNEIGH };
  return list(socket, listing, neighboursOf);
}

/** Reads a NEWNEIGH message: one neighbour, or none where the family is another. */
export function neighboursOf({ type, payload }: Message): Neighbour[] {
  if (type !== RTM_NEWNEIGH) return [];
  const family = familyOf(payload.readUInt8(0));
  const bytes = find(after(payload, NDMSG_BYTES), NDA_DST);
  if (family === undefined || bytes === undefined) return [];
  const lost = (hostU16(payload, 8) & LOST) !== 0;
  return [{ family, address: addressOf(family, bytes), lost }];
}

const RTM_NEWNEIGH = 28;
const RTM_GETNEIGH = 30;

const NDMSG_BYTES = 12;
const NDA_DST = 1;

/** NUD_INCOMPLETE and NUD_FAILED. */
const LOST = 0x01 | 0x20;
