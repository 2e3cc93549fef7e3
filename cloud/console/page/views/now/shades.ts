/** How many there are of each country. */
export interface Counted {
  readonly by: ReadonlyMap<string, number>;
  readonly most: number;
}

/** More are not told apart. */
const SHADES = 5;

/** How dark a country is: 0 where there is nothing, at most 5. */
export function shadeOf(code: string, { by, most }: Counted): number {
  const many = by.get(code) ?? 0;
  if (many === 0) return 0;
  // Few are seen beside many, too.
  return Math.max(1, Math.ceil(SHADES * Math.sqrt(many / most)));
}
