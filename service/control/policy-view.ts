import type { AgentView } from "../../agent/agent.js";
import { formatCidr } from "../../agent/model/cidr.js";
import { isoTime } from "../../agent/text/time.js";

/** What the customer wants of this host by a signed policy. Times are ISO 8601. */
export interface PolicyView {
  /** `off`: whoever runs this host wants none; `ended`: the newest has run out. */
  readonly at: "off" | "none" | "counts" | "ended";
  readonly version: number | null;
  /** Groups of hosts that this one is in, as far as the policy has something of them. */
  readonly groups: readonly string[];
  readonly until: string | null;
  /** Feeds of its groups that this host follows. */
  readonly feeds: readonly string[];
  /** Ranges that bans of feeds are not enforced on now. */
  readonly allowed: readonly {
    readonly range: string;
    readonly until: string;
    readonly why: string;
  }[];
  /** Bans of feeds that are held now, on exactly these ranges. */
  readonly held: readonly {
    readonly feed: string;
    readonly range: string;
    readonly until: string;
    readonly why: string;
  }[];
}

export function policyView({
  policies,
}: Pick<AgentView, "policies">): PolicyView {
  const { newest, isOff } = policies;
  if (isOff || newest === undefined) {
    const at = isOff ? "off" : "none";
    const nothing = { feeds: [], allowed: [], held: [] };
    return { at, version: null, groups: [], until: null, ...nothing };
  }
  const { version, groups, expiresAt } = newest.document;
  return {
    at: policies.current === undefined ? "ended" : "counts",
    ...{ version, groups, until: isoTime(expiresAt) },
    feeds: policies.feeds(),
    allowed: policies.allowed().map(({ cidr, until, why }) => ({
      ...{ range: formatCidr(cidr), until: isoTime(until), why },
    })),
    held: policies.held().map(({ feed, cidr, until, why }) => ({
      ...{ feed, range: formatCidr(cidr), until: isoTime(until), why },
    })),
  };
}
