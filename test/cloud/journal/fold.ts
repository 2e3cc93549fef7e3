import type { Followed } from "../../../cloud/journal/following.js";

/** A fold whose disk is full, or whose file is damaged, as a test says. */
export async function foldOf<R extends { readonly seq: number }>(
  log: Pick<Followed<R>, "follow">,
) {
  const fold = {
    ...{ full: false, damaged: false, taken: [] as number[] },
    get cursor(): number {
      return fold.taken.at(-1) ?? 0;
    },
    take: (next: readonly R[]) => {
      const failure = fold.full ? "SQLITE_FULL" : "SQLITE_CORRUPT";
      const text = fold.full ? "disk is full" : "image is malformed";
      if (fold.full || fold.damaged) {
        throw Object.assign(new Error(text), { code: failure });
      }
      fold.taken.push(...next.map(({ seq }) => seq));
    },
  };
  await log.follow(fold);
  return fold;
}
