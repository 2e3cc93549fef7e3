import { describe, expect, it } from "@jest/globals";
import { uncoveredIn, type Devices } from "../../agent/host/uncovered.js";
import type { Link } from "../../agent/netlink/links.js";

const OFF = { callsIpv4: false, callsIpv6: false, filtersTagged: false };
const ON = { callsIpv4: true, callsIpv6: true, filtersTagged: false };

const link = (index: number, name: string, more: Partial<Link> = {}): Link => ({
  ...{ index, name, kind: undefined, master: 0, lower: undefined },
  ...{ isLoopback: false, address: Uint8Array.of(2, 0, 0, 0, 0, index) },
  ...{ functions: 0, hasXdp: false, bridge: undefined },
  ...more,
});
const bridge = (index: number, name: string, more = {}): Link =>
  link(index, name, {
    kind: "bridge",
    bridge: { callsIpv4: false, callsIpv6: false, tags: false, ...more },
  });

const lines = (links: readonly Link[], more: Partial<Devices> = {}) =>
  uncoveredIn({
    ...{ links, guests: new Map(), outward: new Set(), elsewhere: [] },
    ...{ further: new Map(), bridging: OFF, whole: true },
    ...more,
  });

const eth0 = link(2, "eth0");
const port = { master: 5 };

describe("a bridge", () => {
  const guests = new Map([[5, { count: 2, example: "veth9" }]]);

  it("of guests alone is routed to, and covered", () => {
    expect(lines([eth0, bridge(5, "docker0")], { guests })).toEqual([]);
  });

  it("of hardware and guests carries packets past the hooks", () => {
    const links = [bridge(5, "br0"), link(2, "eth0", port)];
    expect(lines(links, { guests })).toEqual([
      "br0 bridges eth0, veth9 and 1 more: 0 in bridge-nf-call-iptables, bridge-nf-call-ip6tables",
    ]);
    expect(lines(links, { guests, bridging: undefined })).toEqual([
      "br0 bridges eth0, veth9 and 1 more: br_netfilter is not loaded",
    ]);
    expect(lines(links)).toEqual([]); // nobody is behind it
  });

  it.each(["bond", "vlan", "vxlan", "team", "gretap"])(
    "likewise of a %s and a virtual machine",
    (kind) => {
      const ports = [link(3, "up", { ...port, kind })];
      const vm = link(4, "vnet0", { ...port, kind: "tun" });
      expect(lines([bridge(5, "br0"), ...ports, vm])).toHaveLength(1);
    },
  );

  it("likewise of cables alone, where the default route leaves by it", () => {
    const outward = new Set([5]);
    expect(lines([bridge(5, "br0")], { guests, outward })).toHaveLength(1);
  });

  it("is covered where br_netfilter is told of it, for all or by itself", () => {
    const ports = [link(2, "eth0", port), link(3, "eth1", port)];
    expect(lines([bridge(5, "br0"), ...ports], { bridging: ON })).toEqual([]);
    const itself = bridge(5, "br0", { callsIpv4: true, callsIpv6: true });
    expect(lines([itself, ...ports])).toEqual([]);
  });

  it("is not where one family, or its own tags, are left out", () => {
    const ports = [link(2, "eth0", port), link(3, "eth1", port)];
    const ipv4 = { ...ON, callsIpv6: false };
    expect(lines([bridge(5, "br0"), ...ports], { bridging: ipv4 })).toEqual([
      "br0 bridges eth0, eth1: 0 in bridge-nf-call-ip6tables",
    ]);
    const tagging = bridge(5, "br0", { tags: true });
    expect(lines([tagging, ...ports], { bridging: ON })).toEqual([
      "br0 bridges eth0, eth1: 0 in bridge-nf-filter-vlan-tagged",
    ]);
    const bridging = { ...ON, filtersTagged: true };
    expect(lines([tagging, ...ports], { bridging })).toEqual([]);
  });

  it("of Open vSwitch is past the hooks whatever is set", () => {
    const ovs = link(5, "ovs-system", { kind: "openvswitch" });
    const own = link(6, "br-int", { kind: "openvswitch", ...port });
    const outside = link(2, "eth0", port);
    expect(lines([ovs, own, outside], { bridging: ON })).toEqual([]);
    expect(lines([ovs, own, outside], { guests, bridging: ON })).toEqual([
      "ovs-system bridges eth0, veth9 and 1 more: Open vSwitch passes them by",
    ]);
  });
});

describe("a device", () => {
  const lower = { index: 2, network: 0 };

  it("that others have a part of in networks of their own is told of", () => {
    const macvlan = link(9, "eth0", { kind: "macvlan", lower });
    const ipvlan = link(10, "eth0", { kind: "ipvlan", lower });
    expect(lines([eth0], { elsewhere: [macvlan] })).toEqual([
      "eth0 is shared with 1 device of other networks (macvlan)",
    ]);
    expect(lines([eth0], { elsewhere: [macvlan, ipvlan] })).toEqual([
      "eth0 is shared with 2 devices of other networks (ipvlan, macvlan)",
    ]);
    const dummy = link(2, "dm-1", { kind: "dummy" });
    expect(lines([dummy], { elsewhere: [macvlan] })).toEqual([]);
  });

  it("is told of where it takes frames for somebody unknown", () => {
    const own = link(9, "vrrp", { kind: "macvlan" });
    const further = new Map([[2, [own.address]]]);
    expect(lines([eth0, own], { further })).toEqual([]);
    expect(lines([eth0], { further })).toEqual([
      "eth0 is shared with 1 device of other networks (macvlan or alike)",
    ]);
  });

  it("of this network that is part of another is covered, but for taps", () => {
    const part = { lower: { index: 2, network: undefined } };
    const macvlan = link(9, "vrrp", { kind: "macvlan", ...part });
    const tap = link(10, "macvtap0", { kind: "macvtap", ...part });
    expect(lines([eth0, macvlan])).toEqual([]);
    expect(lines([eth0, tap])).toEqual(["macvtap0 is a macvtap on eth0"]);
  });

  it("with functions for others, or a program of XDP, is told of", () => {
    expect(lines([link(2, "eth0", { functions: 4 })])).toEqual([
      "eth0 has 4 virtual functions, whose packets it passes on itself",
    ]);
    expect(lines([link(2, "eth0", { hasXdp: true })])).toEqual([
      "eth0 has an XDP program, which may pass packets on before the hooks",
    ]);
  });

  it("is one of some that are told of, and of a number", () => {
    const many = Array.from({ length: 40 }, (_, i) =>
      link(i + 2, `eth${i}`, { functions: 1 }),
    );
    expect(lines(many)).toHaveLength(17);
    expect(lines(many).at(-1)).toBe("24 more");
    expect(lines([], { whole: false })).toEqual([
      "there are more devices than are looked at",
    ]);
  });
});
