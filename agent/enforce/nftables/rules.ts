import { bits, maskOf, width } from "../../model/cidr.js";
import { hostBytes } from "../../netlink/attributes.js";
import {
  HEADER,
  HOOK,
  META,
  NFPROTO_IPV4,
  NFPROTO_IPV6,
  VERDICT,
  registerAt,
} from "../../netlink/nftables/constants.js";
import {
  and,
  constant,
  countIn,
  equals,
  isIn,
  isNotIn,
  meta,
  payload,
  verdict,
  type Expression,
} from "../../netlink/nftables/expressions.js";
import {
  addBaseChain,
  addChain,
  addRule,
  flushRules,
} from "../../netlink/nftables/messages.js";
import type { MessageWriter } from "../../netlink/writer.js";
import {
  AREA,
  PORTED,
  PRIORITY,
  SIDES,
  TABLE,
  allowSet,
  areaSet,
  banSet,
  bannedChain,
  checksChain,
  hitsSet,
  isInArea,
  type Layout,
  type Side,
} from "./layout.js";

/** A rule is the steps that a packet goes through. */
export type Rule = readonly Expression[];

/**
 * Every rule of the table, by chain. What comes in is looked at by its source
 * in prerouting, so for this host, for containers and for hosts behind it. What
 * goes out is looked at by its destination in postrouting, so from all of them,
 * and after any rewriting of the destination.
 */
export function rulesOf(layout: Layout): ReadonlyMap<string, readonly Rule[]> {
  return new Map([
    ["prerouting", entrance("in")],
    ["postrouting", entrance("out")],
    ...SIDES.map((side) => [checksChain(side), checks(side, layout)] as const),
    ...SIDES.map((side) => [bannedChain(side), banned(side)] as const),
  ]);
}

/** Writes the chains where they are missing, and all their rules anew. */
export function writeRules(w: MessageWriter, layout: Layout): void {
  const rules = rulesOf(layout);
  for (const chain of rules.keys()) {
    const hook = HOOKS.get(chain);
    if (hook === undefined) addChain(w, TABLE, chain);
    else addBaseChain(w, TABLE, chain, { number: hook, priority: PRIORITY });
  }
  flushRules(w, TABLE);
  for (const [chain, steps] of rules) write(w, chain, steps);
}

/** Writes the look-ups anew: a prefix length has got its first ban. */
export function writeChecks(w: MessageWriter, layout: Layout): void {
  for (const side of SIDES) {
    flushRules(w, TABLE, checksChain(side));
    write(w, checksChain(side), checks(side, layout));
  }
}

const HOOKS: ReadonlyMap<string, number> = new Map([
  ["prerouting", HOOK.PREROUTING],
  ["postrouting", HOOK.POSTROUTING],
]);

function write(w: MessageWriter, chain: string, rules: readonly Rule[]): void {
  for (const rule of rules) addRule(w, TABLE, chain, rule);
}

/** Where packets come in from the hook: loopback passes. */
function entrance(direction: Side["direction"]): Rule[] {
  const device = direction === "in" ? META.IIF : META.OIF;
  return [
    [meta(device), equals(LOOPBACK), verdict(VERDICT.ACCEPT)],
    ...SIDES.filter((side) => side.direction === direction).map((side) => [
      ...ofFamily(side),
      verdict(VERDICT.GOTO, checksChain(side)),
    ]),
  ];
}

/** Is the remote address banned, by any prefix length? */
function checks(side: Side, { generation, lengths }: Layout): Rule[] {
  const { family } = side;
  const check = (prefix: number): Rule => [
    ...network(side, prefix),
    isIn(banSet(family, prefix, generation).name),
    verdict(VERDICT.GOTO, bannedChain(side)),
  ];
  const longestFirst = [...lengths[family]].sort((a, b) => b - a);
  const inAreas = longestFirst.filter((prefix) => isInArea(family, prefix));
  const elsewhere = longestFirst.filter((prefix) => !inAreas.includes(prefix));
  const unlessInArea: Rule = [
    ...network(side, AREA[family]),
    isNotIn(areaSet(family, generation).name),
    verdict(VERDICT.RETURN),
  ];
  // A look at the areas is worth it where it spares more than one look-up.
  const gate = inAreas.length > 1 ? [unlessInArea] : [];
  return [...elsewhere.map(check), ...gate, ...inAreas.map(check)];
}

/**
 * What becomes of packets from or to a banned address. Counting can fail when
 * the set is full; the drop stands in a rule of its own, so that it can't.
 */
function banned(side: Side): Rule[] {
  const { family } = side;
  const hits = hitsSet(side).name;
  const protocol = registerAt(width(family));
  const port = registerAt(width(family) + 4);
  const remote = [...network(side, bits(family)), meta(META.L4PROTO, protocol)];
  const drop = verdict(VERDICT.DROP);
  return [
    [
      ...network(side, bits(family)),
      isIn(allowSet(family).name),
      verdict(VERDICT.ACCEPT),
    ],
    [
      meta(META.L4PROTO),
      isIn(PORTED.name),
      ...remote,
      payload(DESTINATION_PORT, port),
      countIn(hits),
      drop,
    ],
    // Without ports, a later fragment, or cut short.
    [...remote, constant(NO_PORT, port), countIn(hits), drop],
    [drop],
  ];
}

/** Loads the network of a packet's remote address. */
function network(side: Side, prefix: number): Rule {
  const { family, direction } = side;
  const offset = ADDRESS_OFFSET[family][direction];
  const length = width(family);
  const mask = prefix < bits(family) ? [and(maskOf(family, prefix))] : [];
  const address = payload({ base: HEADER.NETWORK, offset, length });
  return [...ofFamily(side), address, ...mask];
}

/** `nft` wants this before it takes bytes of the header for an address. */
function ofFamily({ family }: Side): Rule {
  const protocol = family === 4 ? NFPROTO_IPV4 : NFPROTO_IPV6;
  return [meta(META.NFPROTO), equals(Uint8Array.of(protocol))];
}

/** Index of `lo`, the same in every network namespace. */
const LOOPBACK = hostBytes(1);

const DESTINATION_PORT = { base: HEADER.TRANSPORT, offset: 2, length: 2 };
const NO_PORT = Uint8Array.of(0, 0);

/** Where in the header the source or the destination address lies. */
const ADDRESS_OFFSET = {
  4: { in: 12, out: 16 },
  6: { in: 8, out: 24 },
} as const;
