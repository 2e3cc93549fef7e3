/** Puts colour on what a person reads, or leaves it as it is. */
export interface Paint {
  readonly good: (text: string) => string;
  readonly warning: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly bold: (text: string) => string;
}

/**
 * Colours where a terminal shows them, unless `NO_COLOR` says otherwise
 * (no-color.org): no meaning rests on them alone.
 */
export function paintFor(
  { isTTY }: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
): Paint {
  const isWanted = (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";
  return isTTY === true && isWanted ? COLOURED : PLAIN;
}

const as = (begin: number, end: number) => (text: string) =>
  `\u001b[${begin}m${text}\u001b[${end}m`;

const COLOURED: Paint = {
  good: as(32, 39),
  warning: as(33, 39),
  bad: as(31, 39),
  dim: as(2, 22),
  bold: as(1, 22),
};

const unchanged = (text: string) => text;

export const PLAIN: Paint = {
  good: unchanged,
  warning: unchanged,
  bad: unchanged,
  dim: unchanged,
  bold: unchanged,
};
