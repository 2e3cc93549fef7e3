import { formatCidr, type Cidr } from "../../agent/model/cidr.js";
import { Allowance } from "../../agent/protocol/policy.js";
import { parseJson } from "../../agent/protocol/shapes.js";
import type { Draft } from "../roots/ceremony.js";

/**
 * What the critical keys are to let the policies of an org allow; nobody has signed
 * it yet.
 * @throws Malformed when it would not do
 */
export function draftAllowance(
  wanted: {
    readonly org: string;
    readonly ranges: readonly Cidr[];
    readonly goodForMs: number;
  },
  now: number,
): Draft {
  const { org, ranges, goodForMs } = wanted;
  const signed = JSON.stringify({
    ...{ type: "allowance", org, issuedAt: now, expiresAt: now + goodForMs },
    ranges: [...new Set(ranges.map(formatCidr))],
  } satisfies Allowance);
  allowanceOf({ signed });
  return { signed, signatures: [] };
}

/** @throws Malformed */
export const allowanceOf = ({ signed }: Pick<Draft, "signed">): Allowance =>
  parseJson(Allowance, signed, "allowance");
