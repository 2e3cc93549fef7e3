/**
 * Text from outside, fit for one line of a log: control characters and marks
 * that turn the writing direction are shown by their number, and the text is
 * cut to `most` characters.
 */
export function printable(text: string, most = 512): string {
  const cut = text.length > most ? `${text.slice(0, most)}…` : text;
  return cut.replace(
    /[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu,
    (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
