/**
 * Text from outside, fit for one line of a log or a message: control characters
 * and marks that turn the writing direction are shown by their number, and the
 * result has at most `most` characters.
 */
export function printable(text: string, most = 512): string {
  const shown = text
    .slice(0, most + 1)
    .replace(
      /[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu,
      (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
  return shown.length > most ? `${shown.slice(0, most - 1)}…` : shown;
}
