import { NetlinkError } from "../../netlink/error.js";
import { NFNL_SUBSYS_NFTABLES } from "../../netlink/nftables/constants.js";
import {
  addChain,
  addRule,
  addSet,
  addTable,
  createTable,
  type SetSpec,
} from "../../netlink/nftables/messages.js";
import type { NetlinkSocket } from "../../netlink/socket.js";
import type { Posture } from "../enforcer.js";
import { HOOK_PATHS } from "./rules/hooks.js";
import {
  DROPPED,
  paced,
  refused,
  nflogRules,
  toThisHost,
  type Rule,
} from "./rules/verdicts.js";
import { FAMILIES, PORTED, TABLE, toldSet } from "./sets/layout.js";

/** What this kernel has beyond what every nf_tables has. */
export interface KernelFeatures {
  /** Whether it can tell whom a packet is for: nft_fib. */
  readonly fib: boolean;
  /** Whether it can answer in the name of who can't be reached: nft_reject. */
  readonly reject: boolean;
  /** Whether it can tell of single packets: nft_log, nft_limit. */
  readonly log: boolean;
  /** Whether it knows how often something comes: nft_limit. */
  readonly limit: boolean;
}

/** What this kernel can do of a posture: where it can't reject, it drops. */
export const withinReach = (
  posture: Posture,
  { reject }: KernelFeatures,
): Posture => (reject ? posture : { ...posture, egress: "drop" });

/** Finds out without leaving anything behind. */
export function kernelFeaturesOf(socket: NetlinkSocket): KernelFeatures {
  return {
    fib: takes(socket, [toThisHost()]),
    reject: takes(socket, refused()),
    limit: takes(socket, [paced()]),
    log: takes(
      socket,
      HOOK_PATHS.flatMap((each) => nflogRules(each, DROPPED)),
      [PORTED, ...FAMILIES.map(toldSet)],
    ),
  };
}

/**
 * Whether the kernel knows every step of these rules. The batch is bound to fail
 * at its end, by which time all before was found good, so nothing is changed.
 */
function takes(
  socket: NetlinkSocket,
  rules: readonly Rule[],
  sets: readonly SetSpec[] = [],
): boolean {
  const batch = { operation: "probe", subsystem: NFNL_SUBSYS_NFTABLES };
  try {
    socket.commit(batch, (w) => {
      addTable(w, TABLE);
      addChain(w, TABLE, PROBED);
      for (const set of sets) addSet(w, TABLE, set);
      for (const rule of rules) addRule(w, TABLE, PROBED, rule);
      createTable(w, TABLE);
    });
    return true;
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
    return error.code === "EEXIST";
  }
}

const PROBED = "probed";
