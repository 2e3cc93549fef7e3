import type { Family } from "../../../model/cidr.js";
import { PROBE_ADDRESSES } from "../../../model/probe.js";
import { FAMILIES, SIDES, type Side } from "./layout.js";

/** What becomes of a packet that is counted. */
export type VerdictName = "dropped" | "observed";

export const FATES = ["dropped", "observed"] as const satisfies VerdictName[];

/** Counts every packet of one side and verdict, whosoever it is. */
// nft: counter dropped_in4
export const totalName = (
  { direction, family }: Side,
  fate: VerdictName,
): string => `${fate}_${direction}${family}`;

/** Counts what goes to the address that the probe sends to, and nothing else. */
// nft: counter probe_dropped4
export const probeName = (family: Family, fate: VerdictName): string =>
  `probe_${fate}${family}`;

/** The addresses of a family that the probe sends to. */
export const probed = (family: Family): readonly Uint8Array[] =>
  PROBE_ADDRESSES.filter((each) => each.family === family).map(
    ({ address }) => address,
  );

/** Every counter of the table. They outlive rules, generations and rebuilds. */
export const counterNames: readonly string[] = [
  ...SIDES.flatMap((side) => FATES.map((fate) => totalName(side, fate))),
  ...FAMILIES.flatMap((family) => FATES.map((fate) => probeName(family, fate))),
];
