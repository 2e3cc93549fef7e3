import { describe, expect, it } from "@jest/globals";
import { parseCidr, type Cidr } from "../../../agent/model/cidr.js";
import { ownAddresses, refusedAs } from "../../../cloud/outgoing/judgement.js";
import { addressOf } from "../../../cloud/outgoing/target.js";

const OWN = ["10.1.2.3", "198.18.5.5", "2a00:1450::7"].map(parseCidr);

function judged(text: string, allow: readonly string[] = []) {
  const rules = { own: OWN, allow: allow.map(parseCidr) };
  return refusedAs(addressOf(text) as Cidr, rules);
}

describe("the judgement of an address", () => {
  it.each([
    "1.1.1.1",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "169.253.255.255",
    "172.15.255.255",
    "172.32.0.0",
    "192.169.0.0",
    "223.255.255.255",
    "2606:4700:4700::1111",
    "2a00:1450::8",
    "64:ff9b::101:101",
  ])("lets %s be reached", (address) => {
    expect(judged(address)).toBeUndefined();
  });

  it.each([
    ["0.0.0.0", "an address of this machine"],
    ["0.255.255.255", "a reserved address"],
    ["10.0.0.0", "a private address"],
    ["10.1.2.3", "an address of this machine"],
    ["100.64.0.0", "a private address"],
    ["100.127.255.255", "a private address"],
    ["100.100.100.200", "where clouds keep machines' credentials"],
    ["127.0.0.1", "an address of this machine"],
    ["127.255.255.255", "an address of this machine"],
    ["168.63.129.16", "where clouds keep machines' credentials"],
    ["169.254.0.0", "a link-local address"],
    ["169.254.169.254", "where clouds keep machines' credentials"],
    ["172.16.0.0", "a private address"],
    ["172.31.255.255", "a private address"],
    ["192.0.0.1", "a reserved address"],
    ["192.0.2.255", "an address of documents"],
    ["192.88.99.1", "a reserved address"],
    ["192.168.255.255", "a private address"],
    ["198.18.0.0", "a reserved address"],
    ["198.19.255.255", "a reserved address"],
    ["203.0.113.9", "an address of documents"],
    ["224.0.0.0", "a multicast address"],
    ["239.255.255.255", "a multicast address"],
    ["240.0.0.0", "a reserved address"],
    ["255.255.255.255", "a multicast address"],
    ["::", "an address of this machine"],
    ["::1", "an address of this machine"],
    ["::a00:1", "a reserved address"],
    ["::ffff:8.8.8.8", "an IPv4 address in IPv6 clothes"],
    ["64:ff9b::10.0.0.1", "a private address"],
    ["64:ff9b::7f00:1", "an address of this machine"],
    ["64:ff9b:1::1", "a reserved address"],
    ["100::", "a reserved address"],
    ["2001::1", "an IPv4 address in a tunnel"],
    ["2001:2::1", "a reserved address"],
    ["2001:db8::1", "an address of documents"],
    ["2002:808:808::1", "an IPv4 address in a tunnel"],
    ["2a00:1450::7", "an address of this machine"],
    ["3fff::1", "an address of documents"],
    ["4000::1", "a reserved address"],
    ["fc00::1", "a private address"],
    ["fd00:ec2::254", "where clouds keep machines' credentials"],
    ["fe80::1", "a link-local address"],
    ["fec0::1", "a reserved address"],
    ["ff02::1", "a multicast address"],
  ])("refuses %s as %s", (address, kind) => {
    expect(judged(address)).toBe(kind);
  });

  it.each([
    ["10.0.0.9", "10.0.0.0/8"],
    ["10.0.0.9", "10.0.0.9"],
    ["10.1.2.3", "10.1.2.3"],
    ["127.0.0.1", "127.0.0.0/8"],
    ["169.254.169.254", "169.254.169.254"],
    ["192.168.7.7", "192.168.7.0/24"],
    ["fd12::1", "fd00::/8"],
    ["64:ff9b::10.0.0.9", "10.0.0.0/8"],
  ])("lets %s be reached where %s is allowed", (address, allowed) => {
    expect(judged(address, [allowed])).toBeUndefined();
  });

  it.each([
    ["10.0.0.9", "0.0.0.0/0"],
    ["10.0.0.9", "8.0.0.0/6"],
    ["10.0.0.9", "10.0.1.0/24"],
    ["10.1.2.3", "10.0.0.0/8"],
    ["2a00:1450::7", "2a00::/16"],
    ["169.254.169.254", "169.254.0.0/16"],
    ["100.100.100.200", "100.64.0.0/10"],
    ["168.63.129.16", "168.0.0.0/8"],
    ["fd00:ec2::254", "fd00::/8"],
    ["fd12::1", "::/0"],
  ])("refuses %s though %s is allowed", (address, allowed) => {
    expect(judged(address, [allowed])).toBeDefined();
  });

  it("takes the addresses of all interfaces for this machine's own", () => {
    const own = ownAddresses({
      lo: [{ address: "127.0.0.1" }, { address: "::1" }],
      eth0: [{ address: "203.0.113.5" }, { address: "fe80::1%eth0" }],
    });
    expect(own).toEqual(["203.0.113.5", "fe80::1"].map(parseCidr));
  });
});
