/**
 * Text from outside, fit for one line of a log: control characters, line
 * separators and marks that turn the writing direction are shown by their
 * number, and what is longer than `most` characters then is cut.
 */
export function printable(text: string, most = 512): string {
  const shown = text
    .slice(0, most + 1)
    .replace(
      /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu,
      (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
  return shown.length > most ? `${shown.slice(0, most - 1)}…` : shown;
}
