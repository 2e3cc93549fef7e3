import type { Cidr } from "../../model/cidr.js";
import { find, textOf } from "../../netlink/attributes.js";
import { messagesIn, type Message } from "../../netlink/message.js";
import { saysTheSame } from "../../netlink/nftables/compare.js";
import {
  NFTA_CHAIN,
  NFTA_OBJ,
  NFTA_RULE,
  NFTA_SET,
  NFTA_SET_ELEM,
  NFTA_TABLE,
} from "../../netlink/nftables/constants.js";
import {
  addBaseChain,
  addChain,
  addCounter,
  addRule,
  addSet,
  addTable,
  listChains,
  listCounters,
  listElements,
  listRules,
  listSets,
  listTables,
} from "../../netlink/nftables/messages.js";
import {
  attributesOf,
  elementsIn,
  setOfElements,
} from "../../netlink/nftables/read.js";
import type { Fill } from "../../netlink/socket.js";
import { MessageWriter } from "../../netlink/writer.js";
import type { KernelTable, KernelRuleset } from "./kernel-table.js";
import { HOOKS } from "./rules/hooks.js";
import { rulesOf } from "./rules/rules.js";
import type { RuleFeatures } from "./rules/verdicts.js";
import { setsOfBans, writeProtocols } from "./scaffold.js";
import { writeAllowed } from "./sets/allow.js";
import { counterNames } from "./sets/counters.js";
import { writeLabel } from "./sets/label.js";
import {
  FAMILIES,
  PROTOCOLS,
  TABLE,
  allowSet,
  labelSet,
  lastingSets,
} from "./sets/layout.js";

/** What the ruleset has to be, but for the bans. */
export interface Frame {
  readonly ruleset: KernelRuleset;
  readonly features: RuleFeatures;
  /** What wins over every ban; undefined where nobody said. */
  readonly allowed: readonly Cidr[] | undefined;
}

/**
 * Compares all but the bans with what it must be, by content: table, chains,
 * rules, sets, label, protected addresses. Names what differs; mostly nothing.
 */
export function faultsOf(table: KernelTable, frame: Frame): string[] {
  const structure = comparisons(frame).flatMap((each) => {
    const told = table.all(`list ${each.what}s`, each.list);
    return differing(each, told);
  });
  const small = smallSets(frame)
    .filter(({ set, fill }) => {
      const listed = table.all("list elements", (w) =>
        listElements(w, TABLE, set),
      );
      return keysIn(set, written(fill)) !== keysIn(set, listed);
    })
    .map(({ set }) => `elements of ${set}`);
  return [...structure, ...small];
}

/** How things of one kind are made, listed, named and compared. */
interface Comparison {
  readonly what: "table" | "chain" | "rule" | "set" | "counter";
  readonly make: Fill;
  readonly list: Fill;
  /** The attribute that names each; rules have their chain's name. */
  readonly name: number;
  readonly compared: readonly number[];
}

function comparisons({ ruleset, features }: Frame): readonly Comparison[] {
  const { layout, label } = ruleset;
  const rules = rulesOf(layout, { posture: label.posture, ...features });
  const sets = [
    ...lastingSets(),
    labelSet(layout.generation),
    ...setsOfBans(layout),
  ];
  return [
    {
      what: "table",
      make: (w) => addTable(w, TABLE),
      list: (w) => listTables(w, TABLE),
      name: NFTA_TABLE.NAME,
      compared: [NFTA_TABLE.FLAGS],
    },
    {
      what: "chain",
      make: (w) => [...rules.keys()].forEach((name) => makeChain(w, name)),
      list: (w) => listChains(w, TABLE),
      name: NFTA_CHAIN.NAME,
      compared: [NFTA_CHAIN.HOOK, NFTA_CHAIN.POLICY, NFTA_CHAIN.TYPE],
    },
    {
      what: "rule",
      make: (w) =>
        rules.forEach((steps, chain) =>
          steps.forEach((rule) => addRule(w, TABLE, chain, rule)),
        ),
      list: (w) => listRules(w, TABLE),
      name: NFTA_RULE.CHAIN,
      compared: [NFTA_RULE.EXPRESSIONS],
    },
    {
      what: "set",
      make: (w) => sets.forEach((set) => addSet(w, TABLE, set)),
      list: (w) => listSets(w, TABLE),
      name: NFTA_SET.NAME,
      compared: [NFTA_SET.FLAGS, NFTA_SET.KEY_TYPE, NFTA_SET.KEY_LENGTH],
    },
    {
      what: "counter",
      make: (w) => counterNames.forEach((name) => addCounter(w, TABLE, name)),
      list: (w) => listCounters(w, TABLE),
      name: NFTA_OBJ.NAME,
      compared: [NFTA_OBJ.TYPE],
    },
  ];
}

function makeChain(w: MessageWriter, name: string): void {
  const hook = HOOKS.find((each) => each.name === name);
  if (hook) addBaseChain(w, TABLE, name, hook);
  else addChain(w, TABLE, name);
}

/** Sets that are compared element by element. */
function smallSets({ ruleset, allowed }: Frame): { set: string; fill: Fill }[] {
  const { layout, label } = ruleset;
  const { generation } = layout;
  const protectedOnes =
    allowed === undefined
      ? []
      : FAMILIES.map((family) => allowSet(family).name);
  return [
    {
      set: labelSet(generation).name,
      fill: (w) => writeLabel(w, label, generation),
    },
    ...[...PROTOCOLS.keys()].map((each) => ({
      set: each.name,
      fill: (w: MessageWriter) => writeProtocols(w, each),
    })),
    ...protectedOnes.map((set) => ({
      set,
      fill: (w: MessageWriter) => writeAllowed(w, allowed ?? []),
    })),
  ];
}

/** Names what is missing, too much, or other than it must be. */
function differing(
  { what, make, name, compared }: Comparison,
  listed: readonly Message[],
): string[] {
  const want = byName(written(make), name);
  const have = byName(listed, name);
  const isSame = (each: string): boolean => {
    const [mine, theirs] = [want.get(each) ?? [], have.get(each) ?? []];
    if (mine.length !== theirs.length) return false;
    return mine.every((sent, i) =>
      saysTheSame(sent, theirs[i] ?? NOTHING, compared),
    );
  };
  return [...new Set([...want.keys(), ...have.keys()])]
    .filter((each) => !isSame(each))
    .map((each) => `${what} ${each}`);
}

function byName(
  messages: readonly Message[],
  type: number,
): ReadonlyMap<string, readonly Buffer[]> {
  const found = new Map<string, Buffer[]>();
  for (const message of messages) {
    const attributes = attributesOf(message);
    const name = textOf(find(attributes, type) ?? NOTHING);
    const others = found.get(name);
    if (others) others.push(attributes);
    else found.set(name, [attributes]);
  }
  return found;
}

/** The keys of a set's elements in order, and which of them close an interval. */
function keysIn(set: string, messages: readonly Message[]): string {
  return messages
    .filter((message) => setOfElements(message) === set)
    .flatMap((message) => [...elementsIn(message)])
    .map(({ key, attributes }) => {
      const closes = find(attributes, NFTA_SET_ELEM.FLAGS)?.at(-1) === 1;
      return `${key.toString("hex")}${closes ? "!" : ""}`;
    })
    .sort()
    .join();
}

function written(fill: Fill): Message[] {
  const w = new MessageWriter();
  fill(w);
  return [...messagesIn(w.bytes)];
}

const NOTHING = Buffer.alloc(0);
