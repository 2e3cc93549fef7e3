/** "131,309", whatever the locale. */
export const numberText = (count: number): string =>
  count.toLocaleString("en-US");

/** "1 ban", "131,309 bans". */
export const countText = (
  count: number,
  one: string,
  many = `${one}s`,
): string => `${numberText(count)} ${count === 1 ? one : many}`;
