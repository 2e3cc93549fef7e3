import type { Cidr } from "../model/cidr.js";

/** How the kernel differs from entries that it must hold. */
export interface Differences {
  readonly missing: readonly Cidr[];
  /** Those that are there, but end at another time. */
  readonly misdated: readonly Cidr[];
}

/** Which sets of the kernel's to list. */
export interface Listing {
  /** Those of at most so many elements; larger ones are passed over. */
  readonly most: number;
  /** Stands in for the size of each where the kernel does not count. */
  readonly total: number;
  /** One of them, another for each number; all of them when undefined. */
  readonly turn: number | undefined;
}
