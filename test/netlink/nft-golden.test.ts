import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { rulesOf } from "../../agent/enforce/nftables/rules/rules.js";
import { writeProtocols } from "../../agent/enforce/nftables/scaffold.js";
import { writeAllowed } from "../../agent/enforce/nftables/sets/allow.js";
import { BANDS, areaSet } from "../../agent/enforce/nftables/sets/areas.js";
import {
  addBans,
  deleteBans,
} from "../../agent/enforce/nftables/sets/elements.js";
import { writeLabel } from "../../agent/enforce/nftables/sets/label.js";
import {
  PRIORITY,
  COUNTED,
  PORTED,
  TABLE,
  allowSet,
  banSet,
  hitsSet,
  labelSet,
  toldSet,
} from "../../agent/enforce/nftables/sets/layout.js";
import { parseCidr } from "../../agent/model/cidr.js";
import * as nft from "../../agent/netlink/nftables/messages.js";
import type { MessageWriter } from "../../agent/netlink/writer.js";
import {
  TABLE as SELFTEST,
  ruleOf,
  writeNatChain,
} from "../../service/selftest/stage/published.js";
import { written } from "../support/kernel/netlink.js";
import { tree } from "../support/kernel/nft-tree.js";

/** Recorded from nft 1.0.6 with strace, its batch's begin and end left out. */
interface Golden {
  readonly command: string;
  readonly messages: readonly {
    readonly type: number;
    readonly flags: number;
    readonly payload: string;
  }[];
}

type Write = (w: MessageWriter) => void;

describe("what nft sends for", () => {
  it.each(
    golden("tables", "chains", "sets", "elements", "rules", "deletions", "nat"),
  )("$command", ({ command, messages }) => {
    const write = OURS[command.replace("nft ", "")];
    if (!write) throw new Error(`no counterpart for ${command}`);
    const ours = written(write).map(({ type, flags, payload }) => ({
      type: type & 0xff,
      flags,
      payload: tree(type & 0xff, payload),
    }));
    const theirs = messages.map(({ type, flags, payload }) => ({
      type,
      flags,
      payload: tree(type, Buffer.from(payload, "hex")),
    }));
    // Where `flush` comes before what we add, it has a recording of its own.
    expect(ours).toEqual(expect.arrayContaining(theirs));
  });
});

const LAYOUT = {
  generation: "a",
  lengths: {
    ban: { 4: new Set([32, 24, 23]), 6: new Set([64]) },
    watch: { 4: new Set([24]), 6: new Set<number>() },
  },
} as const;
const BUILD = {
  posture: { mode: "enforce", egress: "reject" },
  fib: true,
  log: true,
  limit: true,
} as const;

const T = "inet tourniquet";
const HITS =
  "inet_proto . fib_addrtype . mark; flags dynamic, timeout; timeout 1h; size 16384;";

const OURS: Record<string, Write | undefined> = {
  [`add table ${T}`]: (w) => nft.addTable(w, TABLE),
  ...baseChain("prerouting", 0),
  ...baseChain("postrouting", 4),
  ...baseChain("output", 3, -90),
  ...chains("in4", "in6", "out4", "banned_in4", "banned_in6", "banned_out4"),

  ...set(
    "{ type ipv4_addr; flags timeout; }",
    banSet({ kind: "ban", family: 4, prefix: 32 }, "a"),
  ),
  ...set(
    "{ type ipv4_addr; flags timeout; }",
    banSet({ kind: "ban", family: 4, prefix: 24 }, "a"),
  ),
  ...set(
    "{ type ipv6_addr; flags timeout; }",
    banSet({ kind: "ban", family: 6, prefix: 64 }, "a"),
  ),
  ...set("{ type ipv4_addr; size 98304; }", areaSet(BANDS[4], "a")),
  ...BANDS[6].within.reduce(
    (sets, band) => ({
      ...sets,
      ...set("{ type ipv6_addr; }", areaSet(band, "a")),
    }),
    {},
  ),
  ...set("{ type ipv4_addr; flags interval; }", allowSet(4)),
  ...set("{ type ipv6_addr; flags interval; }", allowSet(6)),
  ...set("{ type inet_proto; }", PORTED),
  ...set("{ type inet_proto; }", COUNTED),
  ...set(
    `{ type ipv4_addr . ${HITS} }`,
    hitsSet({ family: 4, direction: "in" }),
  ),
  ...set(
    `{ type ipv6_addr . ${HITS} }`,
    hitsSet({ family: 6, direction: "in" }),
  ),
  ...set(
    "{ type ipv4_addr . inet_proto . inet_service . iface_index; flags dynamic, timeout; timeout 1m; size 4096; }",
    toldSet(4),
  ),
  ...set("{ type mark . mark . mark . mark; }", labelSet("a")),

  [`add element ${T} ban4_32_a { 192.0.2.1 timeout 1h }`]: add(
    "192.0.2.1",
    3_600,
  ),
  [`add element ${T} ban4_24_a { 198.51.100.0 timeout 90s }`]: add(
    "198.51.100.0/24",
    90,
  ),
  [`add element ${T} ban6_64_a { 2001:db8:: timeout 1h }`]: add(
    "2001:db8::/64",
    3_600,
  ),
  [`add element ${T} label_a { 0x12345678 . 0x1 . 0x2 . 0x302 }`]: (w) => {
    const label = { ledger: 0x12345678, revision: 2 ** 32 + 2 };
    writeLabel(w, { ...label, posture: BUILD.posture }, "a");
  },
  [`add element ${T} allow4 { 10.0.0.0/8 }`]: allow("10.0.0.0/8"),
  [`add element ${T} allow6 { fd00::/8 }`]: allow("fd00::/8"),
  [`add element ${T} ported { tcp, udp, dccp, sctp, udplite }`]: (w) =>
    writeProtocols(w, PORTED),
  [`add element ${T} counted { icmp, tcp, udp, ipv6-icmp }`]: (w) =>
    writeProtocols(w, COUNTED),
  [`add counter ${T} probe4`]: (w) => nft.addCounter(w, TABLE, "probe4"),
  [`delete counter ${T} probe4`]: (w) => nft.deleteCounter(w, TABLE, "probe4"),
  [`delete element ${T} ban4_32_a { 192.0.2.1 }`]: (w) => {
    const members = [{ cidr: parseCidr("192.0.2.1") }];
    deleteBans(w, { kind: "ban", family: 4, prefix: 32, members }, "a");
  },

  ...rule("prerouting", "iif lo accept"),
  ...rule("postrouting", "oif lo accept"),
  ...rule("prerouting", "ip saddr & 255.255.0.0 @area4_6to32_a jump in4_6to32"),
  ...rule(
    "prerouting",
    "ip6 saddr & ffff:ffff:ffff:ffff:: @ban6_64_a goto banned_in6",
  ),
  ...rule(
    "prerouting",
    "ip saddr & 255.255.255.0 @watch4_24_a goto watched_in4",
  ),
  ...rule(
    "output",
    "ip6 daddr & ffff:ffff:ffff:ffff:: @ban6_64_a goto banned_local6",
  ),
  ...rule("refused", "meta l4proto tcp reject with tcp reset"),
  ...rule("refused", "reject with icmpx type admin-prohibited"),
  ...rule("in4_6to32", "ip saddr @ban4_32_a goto banned_in4"),
  ...rule(
    "in4_6to32",
    "ip saddr & 255.255.255.0 @area4_23to24_a jump in4_23to24",
  ),
  ...rule("in4_23to24", "ip saddr & 255.255.255.0 @ban4_24_a goto banned_in4"),
  ...rule(
    "out4_23to24",
    "ip daddr & 255.255.255.0 @ban4_24_a goto banned_out4",
  ),
  ...rule("banned_in4", "ip saddr @allow4 accept"),
  ...rule(
    "banned_in4",
    "counter name dropped_in4 limit rate over 1000/second burst 1000 packets meta random & 31 != 0 drop",
  ),
  ...rule(
    "banned_in4",
    "meta l4proto @counted update @remotes_in4 { ip saddr . meta l4proto . fib daddr type . 0x0 counter } drop",
  ),
  ...rule(
    "banned_in4",
    "update @remotes_in4 { ip saddr . 255 . fib daddr type . 0x0 counter } drop",
  ),
  ...rule(
    "banned_in6",
    "meta l4proto @counted update @remotes_in6 { ip6 saddr & ffff:ffff:ffff:ffff:: . meta l4proto . fib daddr type . 0x0 counter } drop",
  ),
  ...rule(
    "banned_out6",
    "meta l4proto @counted update @remotes_out6 { ip6 daddr . meta l4proto . meta iif . 0x0 counter } drop",
  ),
  ...rule(
    "banned_out4",
    "ip daddr 192.0.2.254 counter name probe_dropped4 drop",
  ),
  ...rule(
    "watched_in4",
    "update @remotes_in4 { ip saddr . 255 . fib daddr type . 0x1 counter } accept",
  ),
  ...rule(
    "banned_out4",
    'meta l4proto @ported update @told4 { ip daddr . meta l4proto . th dport . meta iif limit rate 6/minute burst 4 packets } log prefix "dropped" group 29809 snaplen 128 queue-threshold 1',
  ),
  ...rule(
    "watched_out6",
    'meta l4proto != @ported update @told6 { ip6 daddr . meta l4proto . 0 . meta iif limit rate 6/minute burst 4 packets } log prefix "observed" group 29809 snaplen 128 queue-threshold 1',
  ),
  ...rule("banned_in4", "drop"),

  [`add chain inet selftest prerouting { type nat hook prerouting priority -100; policy accept; }`]:
    writeNatChain,
  ...published(4, "ip to 198.18.1.2:80"),
  ...published(6, "ip6 to [2001:db8:c::2]:80"),

  ...Object.fromEntries(
    ["in4", "in6", "out4"].map((chain) => [
      `flush chain ${T} ${chain}`,
      (w: MessageWriter) => nft.flushRules(w, TABLE, chain),
    ]),
  ),
  [`flush set ${T} allow4`]: (w) => nft.flushSet(w, TABLE, "allow4"),
  [`delete set ${T} ban4_24_a`]: (w) => nft.deleteSet(w, TABLE, "ban4_24_a"),
  [`delete table ${T}`]: (w) => nft.deleteTable(w, TABLE),
};

function baseChain(
  name: string,
  number: number,
  priority = PRIORITY,
): Record<string, Write> {
  const options = `{ type filter hook ${name} priority ${priority}; policy accept; }`;
  return {
    [`add chain ${T} ${name} ${options}`]: (w) =>
      nft.addBaseChain(w, TABLE, name, { number, priority }),
  };
}

function chains(...names: string[]): Record<string, Write> {
  return Object.fromEntries(
    names.map((name) => [
      `add chain ${T} ${name}`,
      (w: MessageWriter) => nft.addChain(w, TABLE, name),
    ]),
  );
}

function set(options: string, spec: nft.SetSpec): Record<string, Write> {
  return {
    [`add set ${T} ${spec.name} ${options}`]: (w) => nft.addSet(w, TABLE, spec),
  };
}

function add(range: string, seconds: number): Write {
  const cidr = parseCidr(range);
  const { family, prefix } = cidr;
  const entry = { cidr, expiresAt: 1_000 + seconds, observed: false };
  const kind = "ban" as const;
  const group = { kind, family, prefix, members: [entry] };
  return (w) => addBans(w, group, "a", 1_000_000);
}

function allow(range: string): Write {
  return (w) => writeAllowed(w, [parseCidr(range)]);
}

/** All rules of the chain: the recorded one must be among them. */
function rule(chain: string, text: string): Record<string, Write> {
  return {
    [`add rule ${T} ${chain} ${text}`]: (w) => {
      for (const steps of rulesOf(LAYOUT, BUILD).get(chain) ?? []) {
        nft.addRule(w, TABLE, chain, steps);
      }
    },
  };
}

function published(family: 4 | 6, dnat: string): Record<string, Write> {
  const to = family === 4 ? "198.18.1.2" : "2001:db8:c::2";
  const rule = ruleOf({ family, port: 8080, to, toPort: 80 });
  const command = `add rule inet selftest prerouting meta nfproto ipv${family} tcp dport 8080 dnat ${dnat}`;
  return { [command]: (w) => nft.addRule(w, SELFTEST, "prerouting", rule) };
}

function golden(...names: string[]): Golden[] {
  return names.flatMap((name) => {
    const url = new URL(
      `../../../test/golden/netlink/${name}.json`,
      import.meta.url,
    );
    return JSON.parse(readFileSync(url, "utf8")) as Golden[];
  });
}
