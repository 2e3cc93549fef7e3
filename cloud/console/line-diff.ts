/** One line of two texts that are compared. */
export interface DiffLine {
  readonly kind: "same" | "gone" | "new";
  readonly text: string;
  /** Its number in the text before, and in the one after, from 1; where it is there. */
  readonly before: number | undefined;
  readonly after: number | undefined;
}

/** Lines of one text alone may be so many times as many as of the other, together. */
const MOST_COMPARED = 4_000_000;

/**
 * What is different between two texts, line by line. Texts that would take too long
 * to compare are all gone, and all new.
 */
export function diffLines(before: string, after: string): readonly DiffLine[] {
  const a = before.split("\n");
  const b = after.split("\n");
  const head = sameAtHead(a, b);
  const tail = sameAtTail(a.slice(head), b.slice(head));
  const inner = {
    a: a.slice(head, a.length - tail),
    b: b.slice(head, b.length - tail),
  };
  const kinds: readonly DiffLine["kind"][] = [
    ...a.slice(0, head).map(() => "same" as const),
    ...kindsOf(inner.a, inner.b),
    ...a.slice(a.length - tail).map(() => "same" as const),
  ];
  return numbered(kinds, a, b);
}

function sameAtHead(a: readonly string[], b: readonly string[]): number {
  const at = a.findIndex((line, nth) => line !== b[nth]);
  return at === -1 ? a.length : at;
}

const sameAtTail = (a: readonly string[], b: readonly string[]): number =>
  sameAtHead(a.toReversed().slice(0, b.length), b.toReversed());

/** By the longest run of lines, gaps aside, that both have. */
function kindsOf(
  a: readonly string[],
  b: readonly string[],
): readonly DiffLine["kind"][] {
  if (a.length * b.length > MOST_COMPARED) {
    return [...a.map(() => "gone" as const), ...b.map(() => "new" as const)];
  }
  const longest = longestFrom(a, b);
  const kinds: DiffLine["kind"][] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const isSame = i < a.length && j < b.length && a[i] === b[j];
    const isGone = j >= b.length || longest(i + 1, j) >= longest(i, j + 1);
    const kind = isSame ? "same" : isGone && i < a.length ? "gone" : "new";
    kinds.push(kind);
    if (kind !== "new") i += 1;
    if (kind !== "gone") j += 1;
  }
  return kinds;
}

/** How many lines both have in order, from a place in each on. */
function longestFrom(a: readonly string[], b: readonly string[]) {
  const width = b.length + 1;
  const lengths = new Uint32Array((a.length + 1) * width);
  const at = (i: number, j: number): number =>
    i > a.length || j > b.length ? 0 : (lengths[i * width + j] ?? 0);
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      lengths[i * width + j] =
        a[i] === b[j]
          ? at(i + 1, j + 1) + 1
          : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  return at;
}

function numbered(
  kinds: readonly DiffLine["kind"][],
  a: readonly string[],
  b: readonly string[],
): readonly DiffLine[] {
  let [before, after] = [0, 0];
  return kinds.map((kind) => {
    if (kind !== "new") before += 1;
    if (kind !== "gone") after += 1;
    const text = (kind === "new" ? b[after - 1] : a[before - 1]) ?? "";
    return {
      ...{ kind, text },
      before: kind === "new" ? undefined : before,
      after: kind === "gone" ? undefined : after,
    };
  });
}

/** What is different with a few lines around it; a number: so many alike between. */
export function hunksOf(
  lines: readonly DiffLine[],
  around = 3,
): readonly (DiffLine | number)[] {
  const isNear = lines.map((_, at) =>
    lines
      .slice(Math.max(0, at - around), at + around + 1)
      .some(({ kind }) => kind !== "same"),
  );
  const shown: (DiffLine | number)[] = [];
  for (const [at, line] of lines.entries()) {
    const last = shown.at(-1);
    if (isNear[at]) shown.push(line);
    else if (typeof last === "number") shown[shown.length - 1] = last + 1;
    else shown.push(1);
  }
  return shown;
}
