/** "131,309", whatever the locale. */
export const numberText = (count: number): string =>
  // Of whole numbers by hand: the locales' own way takes its time to be loaded.
  Number.isInteger(count)
    ? String(count).replace(/\B(?=(?:\d{3})+$)/g, ",")
    : count.toLocaleString("en-US");

/** "1 ban", "131,309 bans". */
export const countText = (
  count: number,
  one: string,
  many = `${one}s`,
): string => `${numberText(count)} ${count === 1 ? one : many}`;
