import { onOneLine } from "./shown.js";

/** How the columns of a table lie: how wide each is, in characters. */
export interface Layout {
  readonly widths: readonly number[];
  /** Which columns hold sentences: a name that is cut can't be used any more. */
  readonly prose: readonly boolean[];
  /** Characters of a line; undefined where a line may be as long as it is. */
  readonly room: number | undefined;
}

type Cell = string | number;
type Row = readonly Cell[];

/**
 * Aligned columns without lines, for people, `awk` and 80 columns alike. With
 * `room`, what is too wide for it is cut in the widest column, which says so by
 * an ellipsis; without, nothing is cut.
 */
export function aligned(
  head: Row,
  rows: readonly Row[],
  room?: number,
): string {
  const layout = layoutOf([head, ...rows], room);
  return [head, ...rows].map((row) => lineOf(row, layout)).join("\n");
}

/** Of a sample of rows, such as the first of a million. */
export function layoutOf(rows: readonly Row[], room?: number): Layout {
  const widths: number[] = [];
  const prose: boolean[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => {
      const text = textOf(cell);
      widths[i] = Math.max(widths[i] ?? 0, widthOf(text));
      prose[i] = prose[i] === true || text.includes(" ");
    });
  }
  const layout = { widths, prose, room };
  return { ...layout, widths: fitted(widths, layout) };
}

/** A row beyond the sample pushes what follows, as far as there is room. */
export function lineOf(row: Row, layout: Layout): string {
  const { widths } = layout;
  const cells = row.map(textOf);
  const wanted = cells.map((text, i) =>
    Math.max(widths[i] ?? 0, widthOf(text)),
  );
  const given = fitted(wanted, layout);
  return cells
    .map((text, i) => padded(cut(text, given[i] ?? 0), given[i] ?? 0))
    .join(GAP)
    .trimEnd();
}

/** The widest sentence gives way first, but none becomes unreadable. */
function fitted(
  widths: readonly number[],
  { prose, room }: Pick<Layout, "prose" | "room">,
): readonly number[] {
  if (room === undefined) return widths;
  const sentences = widths.map((_, i) => prose[i] === true);
  const narrowed = narrow(widths, sentences, room);
  return narrow(
    narrowed,
    sentences.map((each) => !each),
    room,
  );
}

function narrow(
  widths: readonly number[],
  mayGiveWay: readonly boolean[],
  room: number,
): readonly number[] {
  const narrowed = [...widths];
  const gaps = GAP.length * Math.max(0, widths.length - 1);
  let excess = narrowed.reduce((sum, width) => sum + width, gaps) - room;
  for (; excess > 0; excess--) {
    const open = narrowed.map((width, i) => (mayGiveWay[i] ? width : 0));
    const width = Math.max(...open);
    if (width <= NARROWEST) break;
    narrowed[open.indexOf(width)] = width - 1;
  }
  return narrowed;
}

const textOf = (cell: Cell): string => onOneLine(String(cell));

function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let kept = "";
  let used = 0;
  for (const each of charactersOf(text)) {
    const next = widthOf(each);
    if (used + next > width - 1) break;
    kept += each;
    used += next;
  }
  return `${kept}…`;
}

const padded = (text: string, width: number): string =>
  text + " ".repeat(Math.max(0, width - widthOf(text)));

/** Columns of a terminal that the text takes. */
function widthOf(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let width = 0;
  for (const each of charactersOf(text)) width += WIDE.test(each) ? 2 : 1;
  return width;
}

function* charactersOf(text: string): Generator<string> {
  made.graphemes ??= new Intl.Segmenter("en", { granularity: "grapheme" });
  for (const { segment } of made.graphemes.segment(text)) yield segment;
}

/** Only once a text needs it: its making takes a tenth of a command's time. */
const made: { graphemes?: Intl.Segmenter } = {};
const PLAIN = /^[\x20-\x7e]*$/;

/** What a terminal shows two columns wide. */
const WIDE =
  /^[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Emoji_Presentation}\u3000-\u303f\uff01-\uff60]/u;

const GAP = "  ";

/** Fewer characters tell nothing. */
const NARROWEST = 8;
