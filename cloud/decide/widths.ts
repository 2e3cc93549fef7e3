import type { Cidr } from "../../agent/model/cidr.js";

/** How short a prefix may be, by family. */
export interface Widths {
  readonly widestV4: number;
  readonly widestV6: number;
}

export const widestOf = (
  family: Cidr["family"],
  { widestV4, widestV6 }: Widths,
): number => (family === 4 ? widestV4 : widestV6);

export const isWider = ({ family, prefix }: Cidr, widths: Widths): boolean =>
  prefix < widestOf(family, widths);
