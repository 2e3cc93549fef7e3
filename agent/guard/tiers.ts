import { parseCidr, type Cidr } from "../model/cidr.js";

/** Whether each of the shipped lists of shared addresses is protected. */
export type Tiers = Readonly<Record<Tier, boolean>>;

export const tierNames = [
  "publicResolvers",
  "cdnEdges",
  "tenantClouds",
] as const;
export type Tier = (typeof tierNames)[number];

/** Resolvers that their operators publish for everybody's use. */
const PUBLIC_RESOLVERS = [
  // Google Public DNS
  ...["8.8.8.8", "8.8.4.4"],
  ...["2001:4860:4860::8888", "2001:4860:4860::8844"],
  ...["2001:4860:4860::64", "2001:4860:4860::6464"],
  // Cloudflare, and its filtering variants
  ...["1.1.1.1", "1.0.0.1", "1.1.1.2", "1.0.0.2", "1.1.1.3", "1.0.0.3"],
  ...["2606:4700:4700::1111", "2606:4700:4700::1001"],
  ...["2606:4700:4700::1112", "2606:4700:4700::1002"],
  ...["2606:4700:4700::1113", "2606:4700:4700::1003"],
  // Quad9
  ...["9.9.9.9", "149.112.112.112", "9.9.9.10", "149.112.112.10"],
  ...["9.9.9.11", "149.112.112.11"],
  ...["2620:fe::fe", "2620:fe::9", "2620:fe::10", "2620:fe::11"],
  // OpenDNS
  ...["208.67.222.222", "208.67.220.220"],
  ...["2620:119:35::35", "2620:119:53::53"],
  // AdGuard DNS
  ...["94.140.14.14", "94.140.15.15"],
  ...["2a10:50c0::ad1:ff", "2a10:50c0::ad2:ff"],
].map(parseCidr);

/** Edges that very many unrelated sites share. */
const CDN_EDGES = [
  // Cloudflare
  ...["173.245.48.0/20", "103.21.244.0/22", "103.22.200.0/22"],
  ...["103.31.4.0/22", "141.101.64.0/18", "108.162.192.0/18"],
  ...["190.93.240.0/20", "188.114.96.0/20", "197.234.240.0/22"],
  ...["198.41.128.0/17", "162.158.0.0/15", "104.16.0.0/13"],
  ...["104.24.0.0/14", "172.64.0.0/13", "131.0.72.0/22"],
  ...["2400:cb00::/32", "2606:4700::/32", "2803:f800::/32"],
  ...["2405:b500::/32", "2405:8100::/32", "2a06:98c0::/29"],
  "2c0f:f248::/32",
  // Fastly
  ...["23.235.32.0/20", "43.249.72.0/22", "103.244.50.0/24"],
  ...["103.245.222.0/23", "103.245.224.0/24", "104.156.80.0/20"],
  ...["140.248.64.0/18", "140.248.128.0/17", "146.75.0.0/17"],
  ...["151.101.0.0/16", "157.52.64.0/18", "167.82.0.0/17"],
  ...["167.82.128.0/20", "167.82.160.0/20", "167.82.224.0/20"],
  ...["172.111.64.0/18", "185.31.16.0/22", "199.27.72.0/21"],
  ...["199.232.0.0/16", "2a04:4e40::/32", "2a04:4e42::/32"],
].map(parseCidr);

/**
 * Ranges out of which a cloud rents addresses to whoever pays, attackers too:
 * a few of Google Cloud's largest, for hosts that live by them.
 */
const TENANT_CLOUDS = [
  ...["34.64.0.0/10", "34.128.0.0/10", "35.184.0.0/13", "35.192.0.0/14"],
  ...["35.196.0.0/15", "35.198.0.0/16", "35.200.0.0/13", "35.208.0.0/12"],
  ...["35.224.0.0/12", "35.240.0.0/13", "104.196.0.0/14"],
].map(parseCidr);

/** The ranges of each tier, as shipped. */
export const shipped: Readonly<Record<Tier, readonly Cidr[]>> = {
  publicResolvers: PUBLIC_RESOLVERS,
  cdnEdges: CDN_EDGES,
  tenantClouds: TENANT_CLOUDS,
};
