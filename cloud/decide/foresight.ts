import { parseConfig } from "../../agent/config/config.js";
import { holdingRule } from "../../agent/guard/guard.js";
import type { Cidr } from "../../agent/model/cidr.js";
import { NO_RANGES } from "../../agent/model/cidr-index.js";
import type { TrustedApproval } from "../../agent/trust/approval.js";

/** What hosts allow a feed beyond their settings. */
export type Allowed = Pick<TrustedApproval, "names" | "limits">;

/**
 * The rule by which a host with the usual settings will hold a ban; undefined
 * where none does that can be known without the host. It is the hosts' own guard
 * that is asked, with what every host has in common.
 * @param lasts seconds; Infinity for ever
 */
export function foreseenRule(
  cidr: Cidr,
  lasts: number,
  allowed: Allowed | undefined,
): string | undefined {
  const isApproved = (range: Cidr) => allowed?.names(range) ?? false;
  const rule = holdingRule(cidr, NO_HOST, USUAL, isApproved);
  if (rule !== undefined) return rule;
  const life = Math.max(USUAL.limits.life, allowed?.limits.life ?? 0);
  return lasts > life ? "lives-too-long" : undefined;
}

const USUAL = parseConfig({}, "the usual settings").guard;

/** Nothing is known of any host. */
const NO_HOST = {
  ...{ own: [], gateways: [], resolvers: [], dhcpServers: [] },
  ...{ sessions: [], cloud: [], released: [] },
  ...{ allowed: NO_RANGES, ownBans: [] },
};
