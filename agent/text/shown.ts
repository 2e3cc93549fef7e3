/**
 * What others wrote, fit to be read by a person: nothing that a terminal obeys
 * instead of showing it, and nothing that turns the writing around it.
 */

/** Without such characters, and without an end of a line. */
export const ONE_LINE = /^[^\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]*$/u;

/** On one line, whatever it holds: what breaks it would forge a row. */
export const onOneLine = (text: string): string =>
  text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, "\u{fffd}");

/** With a sign in place of what would turn the writing around it. */
export const unturned = (text: string): string =>
  text.replaceAll(/\p{Bidi_Control}/gu, "\u{fffd}");

/** Where the first such character stands; -1: tabs and ends of lines are all. */
export const unshownIn = (text: string): number => text.search(UNSHOWN);

/** With such characters as JSON has them: in a text of JSON nothing is lost. */
export const shown = (text: string): string =>
  text.replaceAll(UNSHOWN, (each) => {
    const code = each.charCodeAt(0).toString(16);
    return `\\u${code.padStart(4, "0")}`;
  });

const UNSHOWN = /\r(?!\n)|[^\P{Cc}\t\n\r]|[\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;
