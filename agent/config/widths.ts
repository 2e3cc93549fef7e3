import type { Family } from "../model/cidr.js";

/** Wider ranges are banned only with the critical keys' approval. */
export const DEFAULT_UNAPPROVED: Readonly<Record<Family, number>> = {
  4: 16,
  6: 32,
};

/** How wide bans may be, as the file says it. */
export interface Widths {
  readonly floor: { readonly ipv4: number; readonly ipv6: number };
  readonly unapproved: {
    readonly ipv4?: number | undefined;
    readonly ipv6?: number | undefined;
  };
}

/** A floor that is higher than the usual leaves nothing to approve. */
export const unapprovedOf = ({ floor, unapproved }: Widths) => ({
  4: unapproved.ipv4 ?? Math.max(DEFAULT_UNAPPROVED[4], floor.ipv4),
  6: unapproved.ipv6 ?? Math.max(DEFAULT_UNAPPROVED[6], floor.ipv6),
});

/** No approval lifts the floor, so none is asked for below it. */
export const widthProblems = ({
  floor,
  unapproved,
}: Widths): readonly string[] =>
  (["ipv4", "ipv6"] as const)
    .filter((family) => (unapproved[family] ?? Infinity) < floor[family])
    .map(
      (family) =>
        `guard.unapproved.${family}: must be at least guard.floor.${family}, ${floor[family]}, but received ${unapproved[family]}`,
    );
