import type { GuardPolicy, HostFacts } from "../../../agent/guard/facts.js";
import { parseCidr } from "../../../agent/model/cidr.js";
import { NO_RANGES } from "../../../agent/model/cidr-index.js";

/** 192.0.2.0/24 is this host's neighbourhood, 198.51.100.53 its cloud. */
export const facts: HostFacts = {
  own: ["192.0.2.10", "2001:db8::10"].map(parseCidr),
  gateways: ["192.0.2.1", "2001:db8::1"].map(parseCidr),
  resolvers: ["192.0.2.53", "2001:db8::53"].map(parseCidr),
  sessions: ["192.0.2.22", "2001:db8::22"].map(parseCidr),
  cloud: ["198.51.100.53", "2001:db8:c::53"].map(parseCidr),
  ...{ dhcpServers: ["192.0.2.67"].map(parseCidr), released: [] },
  ...{ allowed: NO_RANGES, ownBans: [] },
};

export const policy: GuardPolicy = {
  allow: ["203.0.113.128/25", "2001:db8:a::/48"].map(parseCidr),
  floor: { 4: 12, 6: 29 },
  unapproved: { 4: 12, 6: 29 },
  ...{ private: "allow-bans", around: "hold" },
  tiers: { publicResolvers: false, cdnEdges: false, tenantClouds: false },
  translators: [],
};
