import { nfgenmsg } from "../batch.js";
import {
  NLM_F_APPEND,
  NLM_F_CREATE,
  NLM_F_DUMP,
  NLM_F_EXCL,
  NLM_F_REQUEST,
} from "../constants.js";
import type { MessageWriter } from "../writer.js";
import {
  NFNL_SUBSYS_NFTABLES,
  NFTA_CHAIN,
  NFTA_COUNTER,
  NFTA_HOOK,
  NFTA_OBJ,
  NFTA_RULE,
  NFTA_SET,
  NFTA_SET_DESC_SIZE,
  NFTA_SET_ELEM_LIST,
  NFTA_TABLE,
  NFT_MSG,
  NFT_OBJECT_COUNTER,
  VERDICT,
} from "./constants.js";
import type { Expression } from "./expressions.js";

/** A table by its family, such as `NFPROTO_INET`, and its name. */
export interface Table {
  readonly family: number;
  readonly name: string;
}

/** Where in the kernel a base chain looks at packets, and before whom. */
export interface Hook {
  readonly number: number;
  readonly priority: number;
  /** What its rules may do; `nat` rewrites addresses, `filter` unless said. */
  readonly type?: "filter" | "nat";
}

/** A set, and what its keys are. */
export interface SetSpec {
  readonly name: string;
  /** `KEY_TYPE`s; several make a concatenation. */
  readonly key: readonly number[];
  readonly keyBytes: number;
  readonly flags: number;
  /** For how long an element stays unless it says otherwise. */
  readonly timeoutMs?: number;
  /** The most elements it may have. */
  readonly size?: number;
}

/** Adds a table where it is missing, and switches a dormant one on. */
// nft: add table inet tourniquet
export function addTable(w: MessageWriter, table: Table): void {
  write(w, table, { message: NFT_MSG.NEWTABLE, flags: 0 }, () => {
    w.text(NFTA_TABLE.NAME, table.name);
    w.u32(NFTA_TABLE.FLAGS, 0);
  });
}

/** Adds a table, which fails (EEXIST) where it is already. */
// nft: create table inet tourniquet
export function createTable(w: MessageWriter, table: Table): void {
  const flags = NLM_F_CREATE | NLM_F_EXCL;
  write(w, table, { message: NFT_MSG.NEWTABLE, flags }, () =>
    w.text(NFTA_TABLE.NAME, table.name),
  );
}

/** Deletes a table and all that is in it. */
// nft: delete table inet tourniquet
export function deleteTable(w: MessageWriter, table: Table): void {
  write(w, table, { message: NFT_MSG.DELTABLE, flags: 0 }, () =>
    w.text(NFTA_TABLE.NAME, table.name),
  );
}

/** Adds a chain where it is missing. */
// nft: add chain inet tourniquet banned_in4
export function addChain(w: MessageWriter, table: Table, name: string): void {
  write(w, table, { message: NFT_MSG.NEWCHAIN, flags: NLM_F_CREATE }, () => {
    w.text(NFTA_CHAIN.TABLE, table.name);
    w.text(NFTA_CHAIN.NAME, name);
  });
}

/** Adds a chain that packets come to from the kernel; it accepts by default. */
// nft: add chain inet tourniquet prerouting
//      { type filter hook prerouting priority raw - 10; policy accept; }
export function addBaseChain(
  w: MessageWriter,
  table: Table,
  name: string,
  { number, priority, type = "filter" }: Hook,
): void {
  write(w, table, { message: NFT_MSG.NEWCHAIN, flags: NLM_F_CREATE }, () => {
    w.text(NFTA_CHAIN.TABLE, table.name);
    w.text(NFTA_CHAIN.NAME, name);
    w.text(NFTA_CHAIN.TYPE, type);
    w.u32(NFTA_CHAIN.POLICY, VERDICT.ACCEPT);
    w.nest(NFTA_CHAIN.HOOK, () => {
      w.u32(NFTA_HOOK.NUMBER, number);
      w.u32(NFTA_HOOK.PRIORITY, priority >>> 0);
    });
  });
}

/** Deletes a chain that has no rules and that no rule leads to. */
// nft: delete chain inet tourniquet in4_6to32
export function deleteChain(
  w: MessageWriter,
  table: Table,
  name: string,
): void {
  write(w, table, { message: NFT_MSG.DELCHAIN, flags: 0 }, () => {
    w.text(NFTA_CHAIN.TABLE, table.name);
    w.text(NFTA_CHAIN.NAME, name);
  });
}

/** Adds a rule at the end of a chain. */
// nft: add rule inet tourniquet banned_in4 drop
export function addRule(
  w: MessageWriter,
  table: Table,
  chain: string,
  expressions: readonly Expression[],
): void {
  const flags = NLM_F_CREATE | NLM_F_APPEND;
  write(w, table, { message: NFT_MSG.NEWRULE, flags }, () => {
    w.text(NFTA_RULE.TABLE, table.name);
    w.text(NFTA_RULE.CHAIN, chain);
    w.nest(NFTA_RULE.EXPRESSIONS, () => {
      for (const expression of expressions) expression(w);
    });
  });
}

/** Deletes the rules of a chain, or of all chains when none is named. */
// nft: flush chain inet tourniquet in4_6to32, or flush table inet tourniquet
export function flushRules(
  w: MessageWriter,
  table: Table,
  chain?: string,
): void {
  write(w, table, { message: NFT_MSG.DELRULE, flags: 0 }, () => {
    w.text(NFTA_RULE.TABLE, table.name);
    if (chain !== undefined) w.text(NFTA_RULE.CHAIN, chain);
  });
}

/** Adds a set where it is missing. */
// nft: add set inet tourniquet ban4_32_a { type ipv4_addr; flags timeout; }
export function addSet(w: MessageWriter, table: Table, set: SetSpec): void {
  write(w, table, { message: NFT_MSG.NEWSET, flags: NLM_F_CREATE }, () => {
    w.text(NFTA_SET.TABLE, table.name);
    w.text(NFTA_SET.NAME, set.name);
    w.u32(NFTA_SET.FLAGS, set.flags);
    w.u32(NFTA_SET.KEY_TYPE, concatenated(set.key));
    w.u32(NFTA_SET.KEY_LENGTH, set.keyBytes);
    w.u32(NFTA_SET.ID, 0); // must be there; we name sets by their names
    const { size, timeoutMs } = set;
    if (size !== undefined) {
      w.nest(NFTA_SET.DESCRIPTION, () => w.u32(NFTA_SET_DESC_SIZE, size));
    }
    if (timeoutMs !== undefined) w.u64(NFTA_SET.TIMEOUT, timeoutMs);
  });
}

/** Deletes a set that no rule uses any more. */
// nft: delete set inet tourniquet ban4_32_b
export function deleteSet(w: MessageWriter, table: Table, name: string): void {
  write(w, table, { message: NFT_MSG.DELSET, flags: 0 }, () => {
    w.text(NFTA_SET.TABLE, table.name);
    w.text(NFTA_SET.NAME, name);
  });
}

/** Deletes the elements of a set. */
// nft: flush set inet tourniquet allow4
export function flushSet(w: MessageWriter, table: Table, set: string): void {
  write(w, table, { message: NFT_MSG.DELSETELEM, flags: 0 }, () => {
    w.text(NFTA_SET_ELEM_LIST.TABLE, table.name);
    w.text(NFTA_SET_ELEM_LIST.SET, set);
  });
}

/** Adds a counter where it is missing; one that is there goes on counting. */
// nft: add counter inet tourniquet dropped_in4
export function addCounter(w: MessageWriter, table: Table, name: string): void {
  write(w, table, { message: NFT_MSG.NEWOBJ, flags: NLM_F_CREATE }, () =>
    writeCounter(w, { table, name }, () => {
      w.u64(NFTA_COUNTER.BYTES, 0);
      w.u64(NFTA_COUNTER.PACKETS, 0);
    }),
  );
}

/** Deletes a counter that no rule uses any more. */
// nft: delete counter inet tourniquet dropped_in4
export function deleteCounter(
  w: MessageWriter,
  table: Table,
  name: string,
): void {
  write(w, table, { message: NFT_MSG.DELOBJ, flags: 0 }, () =>
    writeCounter(w, { table, name }),
  );
}

/** Asks for one counter. */
// nft: list counter inet tourniquet dropped_in4
export function getCounter(w: MessageWriter, table: Table, name: string): void {
  write(w, table, { message: NFT_MSG.GETOBJ, flags: 0 }, () =>
    writeCounter(w, { table, name }),
  );
}

/** Asks for the counters of a table. */
// nft: list counters table inet tourniquet
export function listCounters(w: MessageWriter, table: Table): void {
  write(w, table, { message: NFT_MSG.GETOBJ, flags: NLM_F_DUMP }, () => {
    w.text(NFTA_OBJ.TABLE, table.name);
    w.u32(NFTA_OBJ.TYPE, NFT_OBJECT_COUNTER);
  });
}

/** What to do with elements. */
export type ElementsVerb = keyof typeof ELEMENTS;

/** Adds, deletes or asks for the elements that `fill` writes. */
// nft: add element inet tourniquet ban4_32_a { 192.0.2.1 timeout 1h }
export function elements(
  w: MessageWriter,
  verb: ElementsVerb,
  { table, set }: { table: Table; set: string },
  fill: () => void,
): void {
  write(w, table, ELEMENTS[verb], () => {
    w.text(NFTA_SET_ELEM_LIST.TABLE, table.name);
    w.text(NFTA_SET_ELEM_LIST.SET, set);
    w.nest(NFTA_SET_ELEM_LIST.ELEMENTS, fill);
  });
}

/** Asks for all elements of a set: quadratic in the kernel, so small sets only. */
// nft: list set inet tourniquet label_a
export function listElements(
  w: MessageWriter,
  table: Table,
  set: string,
): void {
  write(w, table, { message: NFT_MSG.GETSETELEM, flags: NLM_F_DUMP }, () => {
    w.text(NFTA_SET_ELEM_LIST.TABLE, table.name);
    w.text(NFTA_SET_ELEM_LIST.SET, set);
  });
}

/** Asks for the sets of a table, without their elements. */
// nft: list sets table inet tourniquet
export function listSets(w: MessageWriter, table: Table): void {
  write(w, table, { message: NFT_MSG.GETSET, flags: NLM_F_DUMP }, () =>
    w.text(NFTA_SET.TABLE, table.name),
  );
}

/** Asks for every table of the family. */
// nft: list tables inet
export function listTables(w: MessageWriter, table: Table): void {
  write(w, table, { message: NFT_MSG.GETTABLE, flags: NLM_F_DUMP }, () => {
    return;
  });
}

/** Asks for the chains of every table of the family. */
// nft: list chains inet
export function listChains(w: MessageWriter, table: Table): void {
  write(w, table, { message: NFT_MSG.GETCHAIN, flags: NLM_F_DUMP }, () => {
    return;
  });
}

/** Asks for the rules of a table. */
// nft: list table inet tourniquet, its rules alone
export function listRules(w: MessageWriter, table: Table): void {
  write(w, table, { message: NFT_MSG.GETRULE, flags: NLM_F_DUMP }, () =>
    w.text(NFTA_RULE.TABLE, table.name),
  );
}

/** Asks for the number of the ruleset's generation. */
export function getGeneration(w: MessageWriter): void {
  const family = 0;
  write(w, { family }, { message: NFT_MSG.GETGEN, flags: 0 }, () => undefined);
}

const ELEMENTS = {
  add: { message: NFT_MSG.NEWSETELEM, flags: NLM_F_CREATE },
  delete: { message: NFT_MSG.DELSETELEM, flags: 0 },
  get: { message: NFT_MSG.GETSETELEM, flags: 0 },
} as const;

function writeCounter(
  w: MessageWriter,
  { table, name }: { readonly table: Table; readonly name: string },
  start: () => void = () => undefined,
): void {
  w.text(NFTA_OBJ.TABLE, table.name);
  w.text(NFTA_OBJ.NAME, name);
  w.u32(NFTA_OBJ.TYPE, NFT_OBJECT_COUNTER);
  w.nest(NFTA_OBJ.DATA, start);
}

interface Verb {
  readonly message: number;
  readonly flags: number;
}

function write(
  w: MessageWriter,
  { family }: { family: number },
  { message, flags }: Verb,
  fill: () => void,
): void {
  const type = (NFNL_SUBSYS_NFTABLES << 8) | message;
  w.message({ type, flags: NLM_F_REQUEST | flags }, () => {
    w.raw(nfgenmsg(family));
    fill();
  });
}

/** Six bits a field, the first field highest. */
function concatenated(key: readonly number[]): number {
  return key.reduce((all, type) => (all << 6) | type, 0);
}
