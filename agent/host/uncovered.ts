import type { Link } from "../netlink/links.js";

/** The devices of this host, and of networks beside it as far as it knows them. */
export interface Devices {
  /** Of this network, without the ends of cables to guests. */
  readonly links: readonly Link[];
  /** Ends of cables to guests, as ports of others: how many, by these's index. */
  readonly guests: ReadonlyMap<number, Guests>;
  /** Devices by which default routes leave. */
  readonly outward: ReadonlySet<number>;
  /** Of other networks, made of devices of this one. */
  readonly elsewhere: readonly Link[];
  /** Link-layer addresses that devices take frames for beside their own. */
  readonly further: ReadonlyMap<number, readonly Uint8Array[]>;
  readonly bridging: Bridging;
  /** Whether that is all of them; there may be more than are looked at. */
  readonly whole: boolean;
}

export interface Guests {
  readonly count: number;
  /** The name of one of them. */
  readonly example: string;
}

/** The sysctls of br_netfilter; undefined where it is not loaded. */
export type Bridging =
  | {
      readonly callsIpv4: boolean;
      readonly callsIpv6: boolean;
      /** Frames with VLAN tags are shown to the hooks as well. */
      readonly filtersTagged: boolean;
    }
  | undefined;

/**
 * Ways by which packets pass this host without its hooks of IP, so that no ban
 * stops them; one line each for a person. A bridge whose guests are routed to is
 * none: only one that leads outside as well carries packets past the hooks.
 */
export function uncoveredIn(devices: Devices): readonly string[] {
  const { links } = devices;
  const found = [
    ...links.flatMap((link) => bridged(link, devices)),
    ...links.flatMap((link) => tapped(link, devices)),
    ...shared(devices),
    ...links.flatMap(functionsOf),
    ...links.flatMap(programOf),
  ];
  const told = found.slice(0, MOST_TOLD);
  const more = found.length - told.length;
  if (more > 0) told.push(`${more} more`);
  if (!devices.whole) told.push("there are more devices than are looked at");
  return told;
}

function bridged(bridge: Link, devices: Devices): readonly string[] {
  const why = whyPast(bridge, devices.bridging);
  if (why === undefined) return [];
  const { links, guests, outward } = devices;
  const ports = links.filter(
    ({ master, kind }) => master === bridge.index && kind !== bridge.kind,
  );
  const cables = guests.get(bridge.index);
  const uplinks = ports.filter((port) => !isGuest(port));
  const count = ports.length + (cables?.count ?? 0);
  const leadsOut = uplinks.length > 0 || outward.has(bridge.index);
  if (!leadsOut || count < 2) return [];
  const names = [...uplinks, ...ports.filter(isGuest)].map(({ name }) => name);
  if (cables !== undefined) names.push(cables.example);
  const [first, second = "others"] = names;
  const more = count > 2 ? ` and ${count - 2} more` : "";
  return [`${bridge.name} bridges ${String(first)}, ${second}${more}: ${why}`];
}

/**
 * Why what a bridge carries does not come by the hooks of IP; undefined if it
 * does, and for what is no bridge.
 */
function whyPast(bridge: Link, bridging: Bridging): string | undefined {
  if (bridge.kind === "openvswitch") return "Open vSwitch passes them by";
  if (bridge.bridge === undefined) return undefined;
  if (bridging === undefined) return "br_netfilter is not loaded";
  const { callsIpv4, callsIpv6, tags } = bridge.bridge;
  const off = [
    !callsIpv4 && !bridging.callsIpv4 && "bridge-nf-call-iptables",
    !callsIpv6 && !bridging.callsIpv6 && "bridge-nf-call-ip6tables",
    tags && !bridging.filtersTagged && "bridge-nf-filter-vlan-tagged",
  ].filter((name) => name !== false);
  return off.length === 0 ? undefined : `0 in ${off.join(", ")}`;
}

/** What a virtual machine reads from directly. */
function tapped(link: Link, { links }: Devices): readonly string[] {
  if (!TAPS.has(link.kind ?? "")) return [];
  const parent = links.find(({ index }) => index === link.lower?.index);
  return [`${link.name} is a ${link.kind} on ${parent?.name ?? "a device"}`];
}

/** Devices of which others have a part, in networks that this host is not in. */
function shared(devices: Devices): readonly string[] {
  return devices.links.flatMap((parent) => {
    if (parent.kind === "dummy") return []; // leads nowhere
    const upon = devices.elsewhere.filter(
      ({ lower }) => lower?.index === parent.index,
    );
    const kinds = new Set(upon.map(({ kind }) => kind ?? "unknown"));
    const strange = strangersOn(parent, devices);
    if (upon.length === 0 && strange === 0) return [];
    const what = [...kinds].sort().join(", ") || "macvlan or alike";
    const count = Math.max(upon.length, 1);
    return [
      `${parent.name} is shared with ${of(count, "device")} of other networks (${what})`,
    ];
  });
}

/** Addresses that a device takes frames for, and that no device known here has. */
function strangersOn(
  { index }: Link,
  { links, elsewhere, further }: Devices,
): number {
  const asked = further.get(index) ?? [];
  if (asked.length === 0) return 0;
  const known = new Set([...links, ...elsewhere].map((it) => hex(it.address)));
  return asked.filter((address) => !known.has(hex(address))).length;
}

const functionsOf = ({ name, functions }: Link): readonly string[] =>
  functions === 0
    ? []
    : [
        `${name} has ${of(functions, "virtual function")}, whose packets it passes on itself`,
      ];

const programOf = ({ name, hasXdp }: Link): readonly string[] =>
  hasXdp
    ? [`${name} has an XDP program, which may pass packets on before the hooks`]
    : [];

/** What stands at a guest's end: a port of this kind alone leads nowhere else. */
const isGuest = ({ kind }: Link): boolean =>
  kind !== undefined && GUESTS.has(kind);

/** What one device is part of, so that its packets need not pass the host's hooks. */
export const isPartOfAnother = ({ kind }: Link): boolean =>
  kind !== undefined && PARTS.has(kind);

const of = (count: number, what: string): string =>
  `${count} ${what}${count === 1 ? "" : "s"}`;

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

const GUESTS: ReadonlySet<string> = new Set([
  ...["veth", "tun", "netkit", "macvtap", "ipvtap", "dummy", "ifb"],
]);
const TAPS: ReadonlySet<string> = new Set(["macvtap", "ipvtap"]);
const PARTS: ReadonlySet<string> = new Set([
  ...["macvlan", "macvtap", "ipvlan", "ipvtap", "vlan", "macsec"],
]);

/** So many lines say it. */
const MOST_TOLD = 16;
