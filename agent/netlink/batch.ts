import {
  AF_UNSPEC,
  NFNL_BATCH_GENID,
  NFNL_MSG_BATCH_BEGIN,
  NFNL_MSG_BATCH_END,
  NLM_F_REQUEST,
} from "./constants.js";
import type { MessageWriter } from "./writer.js";

/** Whom a batch goes to, and what it takes for granted. */
export interface BatchTarget {
  /** The part of netfilter, such as `NFNL_SUBSYS_NFTABLES`. */
  readonly subsystem: number;
  /** Refuse the batch (ERESTART, 85) unless the ruleset is of this generation. */
  readonly generation?: number;
}

/**
 * Writes messages that stand or fall together. The last of them asks for the
 * acknowledgement: it comes when all of them stand.
 */
export function writeBatch(
  w: MessageWriter,
  { subsystem, generation }: BatchTarget,
  fill: (writer: MessageWriter) => void,
): void {
  w.message({ type: NFNL_MSG_BATCH_BEGIN, flags: NLM_F_REQUEST }, () => {
    w.raw(nfgenmsg(AF_UNSPEC, subsystem));
    if (generation !== undefined) w.u32(NFNL_BATCH_GENID, generation);
  });
  fill(w);
  w.acknowledge();
  w.message({ type: NFNL_MSG_BATCH_END, flags: NLM_F_REQUEST }, () =>
    w.raw(nfgenmsg(AF_UNSPEC, subsystem)),
  );
}

/** struct nfgenmsg: what every netfilter message begins with. */
export function nfgenmsg(family: number, resource = 0): Uint8Array {
  return Uint8Array.of(family, 0, resource >> 8, resource & 0xff);
}
