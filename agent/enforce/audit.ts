import type { Cidr } from "../model/cidr.js";

/** How the kernel differs from entries that it must hold. */
export interface Differences {
  readonly missing: readonly Cidr[];
  /** Those that are there, but end at another time. */
  readonly misdated: readonly Cidr[];
}
