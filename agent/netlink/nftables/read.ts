import {
  after,
  attributesIn,
  dig,
  find,
  netU64,
  textOf,
} from "../attributes.js";
import { MalformedNetlink } from "../error.js";
import type { Message } from "../message.js";
import {
  NFTA_CHAIN,
  NFTA_COUNTER,
  NFTA_DATA,
  NFTA_GEN,
  NFTA_OBJ,
  NFTA_SET,
  NFTA_SET_ELEM,
  NFTA_SET_ELEM_LIST,
  NFTA_TABLE,
} from "./constants.js";

/** One element of a set. */
export interface SetElement {
  readonly key: Buffer;
  /** All that the kernel said of it. */
  readonly attributes: Buffer;
}

/** The name of the set that a message describes. */
export function setName({ payload }: Message): string {
  return textOf(find(after(payload, NFGENMSG_BYTES), NFTA_SET.NAME) ?? NOTHING);
}

/** The number of the ruleset's generation. @throws MalformedNetlink */
export function generationIn({ payload }: Payload): number {
  const id = find(after(payload, NFGENMSG_BYTES), NFTA_GEN.ID);
  if (id?.length !== 4) throw new MalformedNetlink("no generation");
  return id.readUInt32BE(0);
}

/** The attributes that a message consists of. */
export const attributesOf = ({ payload }: Payload): Buffer =>
  after(payload, NFGENMSG_BYTES);

/** Whether a message is of this table, or of something that lies in it. */
export function isOfTable(message: Payload, name: string): boolean {
  const named = find(attributesOf(message), NFTA_TABLE.NAME);
  return named !== undefined && textOf(named) === name;
}

/** The name of the chain that a message describes. */
export const chainName = (message: Payload): string =>
  textOf(find(attributesOf(message), NFTA_CHAIN.NAME) ?? NOTHING);

/** What a counter has counted. */
export interface Counted {
  readonly packets: number;
  readonly bytes: number;
}

/** The name and the count of the counter that a message describes. */
export function counterIn(
  message: Payload,
): Counted & { readonly name: string } {
  const attributes = attributesOf(message);
  const name = textOf(find(attributes, NFTA_OBJ.NAME) ?? NOTHING);
  return { name, ...countsOf(find(attributes, NFTA_OBJ.DATA)) };
}

/** What a counter's own attributes say; nothing where there is none. */
export function countsOf(counter: Buffer | undefined): Counted {
  const count = (type: number): number => {
    const bytes = counter && find(counter, type);
    return bytes ? netU64(bytes) : 0;
  };
  return {
    packets: count(NFTA_COUNTER.PACKETS),
    bytes: count(NFTA_COUNTER.BYTES),
  };
}

/** The name of the set whose elements a message lists. */
export const setOfElements = (message: Payload): string =>
  textOf(find(attributesOf(message), NFTA_SET_ELEM_LIST.SET) ?? NOTHING);

/** The elements that a message lists; views of its bytes. */
export function* elementsIn({ payload }: Payload): Generator<SetElement, void> {
  const attributes = after(payload, NFGENMSG_BYTES);
  const list = find(attributes, NFTA_SET_ELEM_LIST.ELEMENTS) ?? NOTHING;
  for (const { bytes } of attributesIn(list)) {
    const key = dig(bytes, NFTA_SET_ELEM.KEY, NFTA_DATA.VALUE);
    if (key) yield { key, attributes: bytes };
  }
}

type Payload = Pick<Message, "payload">;

const NFGENMSG_BYTES = 4;
const NOTHING = Buffer.alloc(0);
