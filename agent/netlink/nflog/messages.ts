import { after, find, textOf } from "../attributes.js";
import { nfgenmsg } from "../batch.js";
import { AF_UNSPEC, NLM_F_ACK, NLM_F_REQUEST } from "../constants.js";
import type { Message } from "../message.js";
import type { MessageWriter } from "../writer.js";
import {
  NFNL_SUBSYS_ULOG,
  NFULA,
  NFULA_CFG,
  NFULNL_CFG_CMD_BIND,
  NFULNL_COPY_PACKET,
  NFULNL_MSG,
} from "./constants.js";

/** A packet that a rule told of; its bytes are a view of what was received. */
export interface LoggedPacket {
  /** What the rule calls it. */
  readonly prefix: string;
  /** Whose socket sent it; undefined where no socket of this host did. */
  readonly uid: number | undefined;
  /** Whether it came in by a device before it went out. */
  readonly cameIn: boolean;
  /** From the network header on, as much as was asked for. */
  readonly bytes: Buffer;
}

/** Asks for the packets of a group: whole up to `mostBytes`, acknowledged. */
export const bindGroup =
  (group: number, mostBytes: number) =>
  (w: MessageWriter): void => {
    const type = (NFNL_SUBSYS_ULOG << 8) | NFULNL_MSG.CONFIG;
    const header = { type, flags: NLM_F_REQUEST | NLM_F_ACK };
    w.message(header, () => {
      w.raw(nfgenmsg(AF_UNSPEC, group));
      w.data(NFULA_CFG.CMD, Uint8Array.of(NFULNL_CFG_CMD_BIND));
    });
    w.message(header, () => {
      const mode = Buffer.alloc(6);
      mode.writeUInt32BE(mostBytes, 0);
      mode.writeUInt8(NFULNL_COPY_PACKET, 4);
      w.raw(nfgenmsg(AF_UNSPEC, group));
      w.data(NFULA_CFG.MODE, mode);
    });
  };

/**
 * The packet that a message tells of; undefined for messages of another kind.
 * @throws MalformedNetlink
 */
export function packetIn({ type, payload }: Message): LoggedPacket | undefined {
  if (type !== ((NFNL_SUBSYS_ULOG << 8) | NFULNL_MSG.PACKET)) return undefined;
  const attributes = after(payload, NFGENMSG_BYTES);
  const bytes = find(attributes, NFULA.PAYLOAD);
  if (bytes === undefined) return undefined;
  const uid = find(attributes, NFULA.UID);
  return {
    prefix: textOf(find(attributes, NFULA.PREFIX) ?? NOTHING),
    uid: uid?.length === 4 ? uid.readUInt32BE(0) : undefined,
    cameIn: find(attributes, NFULA.IFINDEX_INDEV) !== undefined,
    bytes,
  };
}

const NFGENMSG_BYTES = 4;
const NOTHING = Buffer.alloc(0);
