import { attributesIn, textOf } from "../../../agent/netlink/attributes.js";
import {
  NFTA_SET,
  NFT_MSG,
} from "../../../agent/netlink/nftables/constants.js";

/**
 * The bytes as text, nfgenmsg first. What `nft` numbers for itself is left out
 * (we name sets by name), and so is its own note on how to print a set; the
 * order of a message's attributes means nothing.
 */
export function tree(type: number, payload: Buffer): string {
  const fixed = payload.toString("hex", 0, 4);
  const left = NUMBERS_IN_MESSAGE[type] ?? [];
  return [fixed, ...nodes(payload.subarray(4), left).sort()].join("\n");
}

const { NEWSET, NEWSETELEM, DELSETELEM } = NFT_MSG;
const NUMBERS_IN_MESSAGE: Record<number, number[] | undefined> = {
  [NEWSET]: [NFTA_SET.ID, 13],
  [NEWSETELEM]: [4],
  [DELSETELEM]: [4],
};
const NUMBERS_IN_EXPRESSION: Record<string, number[] | undefined> = {
  lookup: [4],
  dynset: [2],
  objref: [2], // nft sends it without the zero that the kernel lists it with
};

/** One text for each attribute, those of its own indented below it. */
function nodes(bytes: Buffer, left: readonly number[], indent = ""): string[] {
  const texts: string[] = [];
  let name = "";
  for (const { type, bytes: value } of attributesIn(bytes)) {
    const nested =
      bytes.readUInt16LE(value.byteOffset - bytes.byteOffset - 2) >> 15;
    if (left.includes(type)) continue;
    if (nested) {
      const inner = nodes(
        value,
        NUMBERS_IN_EXPRESSION[name] ?? [],
        `${indent}  `,
      );
      texts.push([`${indent}${type}`, ...inner].join("\n"));
    } else {
      if (type === 1) name = textOf(value);
      texts.push(`${indent}${type} ${value.toString("hex")}`);
    }
  }
  return texts;
}
