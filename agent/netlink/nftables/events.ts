import { after, attributesIn, find, textOf } from "../attributes.js";
import type { Message } from "../message.js";
import {
  NFNL_SUBSYS_NFTABLES,
  NFTA_CHAIN,
  NFTA_GEN,
  NFTA_RULE,
  NFTA_SET,
  NFTA_SET_ELEM_LIST,
  NFT_MSG,
} from "./constants.js";
import type { Table } from "./messages.js";
import { elementsIn, type SetElement } from "./read.js";

/** Something in a table was made or taken away. */
export type TableEvent =
  | { readonly of: "table"; readonly gone: boolean }
  | {
      /** A rule is named by its chain. */
      readonly of: "chain" | "rule" | "set";
      readonly gone: boolean;
      readonly name: string;
    }
  | {
      readonly of: "elements";
      readonly gone: boolean;
      readonly name: string;
      readonly elements: Iterable<SetElement>;
    }
  | { readonly of: "other" };

/** Who made a change, as the kernel tells at its end. */
export interface Author {
  /** As the machine counts processes, not as a container does; 0: unknown. */
  readonly pid: number;
  /** The first 15 characters of its name; "" when unknown. */
  readonly name: string;
}

/** What a message says of this table; undefined when it is of another. */
export function tableEvent(
  { type, payload }: Message,
  { family, name }: Table,
): TableEvent | undefined {
  if (type >>> 8 !== NFNL_SUBSYS_NFTABLES) return undefined;
  const kind = type & 0xff;
  if (kind === NFT_MSG.NEWGEN || payload[0] !== family) return undefined;
  const attributes = after(payload, NFGENMSG_BYTES);
  if (!names(attributes, name)) return undefined;
  return READERS.get(kind)?.(attributes, payload) ?? { of: "other" };
}

/** Who made the change that ends with this message; undefined for any other. */
export function authorIn({ type, payload }: Message): Author | undefined {
  if (type !== ((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG.NEWGEN)) return undefined;
  const attributes = after(payload, NFGENMSG_BYTES);
  const pid = find(attributes, NFTA_GEN.PROC_PID);
  const name = find(attributes, NFTA_GEN.PROC_NAME);
  return {
    pid: pid?.length === 4 ? pid.readUInt32BE(0) : 0,
    name: name ? textOf(name) : "",
  };
}

type Reader = (attributes: Buffer, payload: Buffer) => TableEvent;

const named =
  (of: "chain" | "rule" | "set", gone: boolean, attribute: number): Reader =>
  (attributes) => ({ of, gone, name: textAt(attributes, attribute) });

const elements =
  (gone: boolean): Reader =>
  (attributes, payload) => ({
    of: "elements",
    gone,
    name: textAt(attributes, NFTA_SET_ELEM_LIST.SET),
    elements: elementsIn({ payload }),
  });

const READERS: ReadonlyMap<number, Reader> = new Map([
  [NFT_MSG.NEWTABLE, () => ({ of: "table", gone: false })],
  [NFT_MSG.DELTABLE, () => ({ of: "table", gone: true })],
  [NFT_MSG.NEWCHAIN, named("chain", false, NFTA_CHAIN.NAME)],
  [NFT_MSG.DELCHAIN, named("chain", true, NFTA_CHAIN.NAME)],
  [NFT_MSG.NEWRULE, named("rule", false, NFTA_RULE.CHAIN)],
  [NFT_MSG.DELRULE, named("rule", true, NFTA_RULE.CHAIN)],
  [NFT_MSG.NEWSET, named("set", false, NFTA_SET.NAME)],
  [NFT_MSG.DELSET, named("set", true, NFTA_SET.NAME)],
  [NFT_MSG.NEWSETELEM, elements(false)],
  [NFT_MSG.DELSETELEM, elements(true)],
]);

/** Whatever lies in a table names it in its first kind of attribute. */
function names(attributes: Buffer, table: string): boolean {
  for (const { type, bytes } of attributesIn(attributes)) {
    if (type === TABLE_NAME) return textOf(bytes) === table;
  }
  return false;
}

function textAt(attributes: Buffer, type: number): string {
  const bytes = find(attributes, type);
  return bytes ? textOf(bytes) : "";
}

const TABLE_NAME = 1;
const NFGENMSG_BYTES = 4;
