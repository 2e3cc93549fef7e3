import { formatCidr } from "../../../agent/model/cidr.js";
import type { Browse } from "./browsing.js";
import { candidatesOf } from "./candidates.js";
import type { Catalogue, Feeds } from "./catalogue.js";
import type { BanColumns } from "./columns.js";
import { overlapTest, slotTest, type Test } from "./matching.js";
import type { Texts } from "./texts.js";
import { FoundView, WholeView, type View } from "./view.js";

/** Views that were asked for last: who scrolls, or asks again, is answered at once. */
export class Views {
  readonly #catalogue: Catalogue;
  readonly #texts: Texts;
  readonly #found = new Map<string, FoundView>();
  #columns: BanColumns | undefined;
  #feeds: Feeds | undefined;

  constructor(catalogue: Catalogue, texts: Texts) {
    this.#catalogue = catalogue;
    this.#texts = texts;
  }

  /** What somebody asks to see, if it was asked for before. */
  known(browse: Browse): View | undefined {
    const { columns, feeds } = this.#catalogue;
    const isNew = this.#columns !== columns || this.#feeds !== feeds;
    if (isNew) this.#found.clear();
    this.#columns = columns;
    this.#feeds = feeds;
    const key = keyOf(browse);
    const view = this.#found.get(key);
    if (view === undefined) return undefined;
    this.#found.delete(key);
    this.#found.set(key, view);
    return view;
  }

  /** What somebody asks to see. The orders in `sortsFor` have to be level. */
  begin(asked: Browse): View {
    const { columns } = this.#catalogue;
    const browse = { ...asked, now: tickOf(asked.now) };
    const { descending } = browse;
    const order = this.#catalogue.order(browse.sort);
    const tests = this.#testsOf(browse);
    if (tests.length === 0) return new WholeView(columns, order, descending);
    const belongs = (slot: number) => tests.every((test) => test(slot));
    const view = new FoundView(columns, order, { descending, belongs });
    const few = candidatesOf(browse, this.#catalogue, this.#texts);
    if (few !== undefined) view.lookOnlyAt(few);
    this.#found.set(keyOf(browse), view);
    this.#letGo();
    return view;
  }

  #testsOf({ feeds: names, range, terms = [], now }: Browse): Test[] {
    const { columns, feeds } = this.#catalogue;
    const tests: Test[] = [];
    if (names !== undefined) {
      const ids = names.flatMap((name) => feeds.get(name)?.id ?? []);
      const isMeant = new Uint8Array(feeds.size + 1);
      for (const id of ids) isMeant[id] = 1;
      tests.push((slot) => isMeant[columns.feed[slot] ?? 0] === 1);
    }
    if (range !== undefined) tests.push(overlapTest(range, columns));
    if (terms.length > 0) {
      const named = new Map(
        [...feeds.values()].map(({ id, feed }) => [id, feed]),
      );
      const feedOf = (id: number) => named.get(id);
      const matched = { columns, texts: this.#texts, feedOf };
      tests.push(slotTest(terms, matched, now * 1_000));
    }
    return tests;
  }

  /** Lets go of what was asked for longest ago, and never of the newest. */
  #letGo(): void {
    let slots = 0;
    for (const [nth, [key, view]] of [...this.#found].reverse().entries()) {
      slots += view.length;
      if (nth === 0 || (nth < MOST_VIEWS && slots <= MOST_SLOTS)) continue;
      this.#found.delete(key);
    }
  }
}

/** Views that are kept, and the rows of all of them: four bytes each. */
const MOST_VIEWS = 16;
const MOST_SLOTS = 4_000_000;

/** The same of all that asks for the same. */
function keyOf(browse: Browse): string {
  const { feeds, range, terms = [], sort, descending, now } = browse;
  const goesByTime = terms.some(({ field }) => TIMES.has(field));
  return JSON.stringify([
    ...[feeds, range && formatCidr(range), terms, sort, descending],
    goesByTime && tickOf(now),
  ]);
}

const TIMES: ReadonlySet<string> = new Set(["until", "since"]);

/** What is asked of the time that it is holds for so long. */
const TICK_S = 10;
const tickOf = (now: number): number => now - (now % TICK_S);
