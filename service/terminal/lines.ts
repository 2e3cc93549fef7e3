import { stripVTControlCharacters } from "node:util";

/**
 * Breaks a line between words, so that none is longer than `room` characters;
 * what follows the first is indented. A word that is longer stays whole, since an
 * address or a command that is cut can't be used. Undefined room breaks nothing.
 */
export function wrapped(
  text: string,
  room: number | undefined,
  indent = "",
): readonly string[] {
  if (room === undefined) return [text];
  const [, lead = "", rest = ""] = /^(\s*)(.*)$/s.exec(text) ?? [];
  const lines: string[] = [];
  let line = lead;
  let isEmpty = true;
  for (const word of rest.split(/(?<=\S) (?=\S)/)) {
    if (!isEmpty && widthOf(line) + 1 + widthOf(word) > room) {
      lines.push(line);
      line = indent;
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line];
}

/** Colours take no room. */
const widthOf = (text: string): number => stripVTControlCharacters(text).length;

/** Blocks of eight heights, one for each count; blank for none at all. */
export function chart(counts: readonly number[]): string {
  const most = Math.max(0, ...counts);
  return counts
    .map((count) => {
      if (count <= 0) return BLOCKS[0];
      const height = Math.ceil((count / most) * (BLOCKS.length - 1));
      return BLOCKS[height];
    })
    .join("");
}

const BLOCKS = ["·", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
