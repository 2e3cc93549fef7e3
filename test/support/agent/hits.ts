import type { Counters, HitList } from "../../../agent/enforce/enforcer.js";
import type { Hit } from "../../../agent/model/hit.js";

/** All hits at once: tests have few, or look at how many there are. */
export async function hitsOf(
  enforcer: Pick<Counters, "hits">,
): Promise<readonly Hit[]> {
  const all: Hit[] = [];
  for await (const some of await enforcer.hits()) all.push(...some);
  return all;
}

/** As an enforcer tells them, in slices of two. */
export const listOf = (hits: readonly Hit[], crowded = false): HitList => ({
  crowded,
  async *[Symbol.asyncIterator]() {
    for (let at = 0; at < hits.length; at += 2) {
      yield await Promise.resolve(hits.slice(at, at + 2));
    }
  },
});
