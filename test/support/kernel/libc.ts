import { constants } from "node:os";
import {
  hostBytes,
  hostU16,
  hostU32,
} from "../../../agent/netlink/attributes.js";
import { NFNL_MSG_BATCH_BEGIN } from "../../../agent/netlink/constants.js";
import { NFNL_SUBSYS_NFTABLES } from "../../../agent/netlink/nftables/constants.js";
import { LibcError, loadLibc, type Libc } from "../../../agent/runtime/libc.js";

/** A kernel that opens no socket to netfilter: it was built without it. */
export const withoutNetfilter = async (): Promise<Libc> => ({
  ...(await loadLibc()),
  socket: () => {
    throw new LibcError("socket", constants.errno.EPROTONOSUPPORT);
  },
});

/**
 * A kernel without nf_tables: what is meant for it goes to a part of netfilter
 * that this kernel does not have either, and the answer is the kernel's own.
 */
export async function withoutNftables(): Promise<Libc> {
  const real = await loadLibc();
  return {
    ...real,
    send: (fd, bytes, flags) => {
      const sent = Buffer.from(bytes);
      for (let at = 0; at < sent.length; at += hostU32(sent, at)) {
        const type = hostU16(sent, at + 4);
        const isForNftables = type >> 8 === NFNL_SUBSYS_NFTABLES;
        if (isForNftables)
          sent.set(hostBytes(NOBODY << 8).subarray(0, 2), at + 4);
      }
      real.send(fd, sent, flags);
    },
  };
}

/** A kernel without memory to spare: answers, but takes no change any more. */
export class Scarcity {
  /** Batches that it still takes. */
  taken = Infinity;

  async load(): Promise<Libc> {
    const real = await loadLibc();
    return {
      ...real,
      send: (fd, bytes, flags) => {
        const type = hostU16(Buffer.from(bytes), 4);
        if (type === NFNL_MSG_BATCH_BEGIN && this.taken-- <= 0) {
          throw new LibcError("send", constants.errno.ENOBUFS);
        }
        real.send(fd, bytes, flags);
      },
    };
  }
}

const NOBODY = 99;
