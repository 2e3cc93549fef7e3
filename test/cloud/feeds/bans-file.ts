import BetterSqlite3 from "better-sqlite3";
import type { Op } from "../../../agent/model/ban.js";
import { parseCidr } from "../../../agent/model/cidr.js";
import { NO_HASH, type FeedName } from "../../../agent/model/position.js";
import { generateKey } from "../../../agent/trust/keys.js";
import { signerOf } from "../../../agent/trust/sign.js";
import { Browser } from "../../../cloud/feeds/catalogue/browser.js";
import type {
  BansWindow,
  Browse,
} from "../../../cloud/feeds/catalogue/browsing.js";
import { Catalogue } from "../../../cloud/feeds/catalogue/catalogue.js";
import { Texts } from "../../../cloud/feeds/catalogue/texts.js";
import { positionAfter, sealChain } from "../../../cloud/feeds/chain.js";
import { BanLookup } from "../../../cloud/feeds/snapshots/ban-lookup.js";
import { bansTablesTold } from "../../../cloud/feeds/snapshots/bans.projection.js";
import type { RecordedDecision } from "../../../cloud/journal/decision-events.js";

/** Unix seconds. */
export const NOW = 1_800_000_000;

/** The tables of bans, folded of real segments, and the catalogue over them. */
export class BansFile implements Disposable {
  readonly database = new BetterSqlite3(":memory:");
  readonly lookup: BanLookup;
  readonly catalogue: Catalogue;
  readonly #browser: Browser;
  readonly #fold: (recorded: RecordedDecision) => void;
  readonly #positions = new Map<FeedName, ReturnType<typeof positionAfter>>();
  readonly #sign = signerOf([generateKey()]);
  #seq = 0;

  /** @param most bans that the catalogue holds */
  constructor(most?: number) {
    const tables = bansTablesTold({
      put: (...told) => this.catalogue.put(...told),
      remove: (...told) => this.catalogue.remove(...told),
      begin: (feed) => this.catalogue.begin(feed),
    });
    this.database.exec(tables.tables);
    this.lookup = new BanLookup(this.database);
    this.catalogue = new Catalogue(this.database, this.lookup, most);
    const texts = new Texts(this.database);
    this.#browser = new Browser(this.catalogue, this.lookup, texts);
    this.#fold = tables.fold(this.database);
  }

  begin(feed: FeedName, epoch = "e"): void {
    this.#positions.set(feed, { feed, epoch, offset: 0, hash: NO_HASH });
    this.#take({ kind: "feed-begun", feed, epoch });
  }

  /**
   * @param seconds when it was decided
   * @param list the name of the list that it brings
   */
  decide(feed: FeedName, ops: readonly Op[], seconds = NOW, list?: string) {
    const from = this.#positions.get(feed);
    if (from === undefined) throw new Error(`${feed} was never begun`);
    const decision = `dec-${this.#seq}`;
    const decided = { kind: "decided", decision, feed, by: "test" } as const;
    const more = { ranges: ops.length, reason: "", seen: 0 };
    const at = seconds * 1_000;
    const action = list === undefined ? "ban" : "import";
    const named = list === undefined ? {} : { list };
    this.#take({ ...decided, ...more, action, ...named }, at);
    const terms = { decision, issuedAt: at, sign: this.#sign };
    for (const segment of sealChain(from, ops, terms)) {
      this.#take(segment, at);
      this.#positions.set(feed, positionAfter(segment));
    }
    return decision;
  }

  /** Asks again until all was looked at. */
  browse(browse: Partial<Browse> = {}): BansWindow {
    for (;;) {
      const window = runToEnd(this.slices(browse));
      if (window === undefined) throw new Error("there are too many bans");
      if (window.isWhole) return window;
    }
  }

  /** Asks once, a slice at a time. */
  slices(browse: Partial<Browse> = {}): ReturnType<Browser["browse"]> {
    return this.#browser.browse({ ...ALL, ...browse });
  }

  [Symbol.dispose](): void {
    this.database.close();
  }

  #take(event: RecordedDecision["event"], at = NOW * 1_000): void {
    this.#fold({ seq: ++this.#seq, at, event });
  }
}

export function runToEnd<T>(slices: Generator<undefined, T>): T {
  for (;;) {
    const slice = slices.next();
    if (slice.done === true) return slice.value;
  }
}

const ALL: Browse = {
  ...{ feeds: undefined, range: undefined, terms: undefined },
  ...{ sort: "place", descending: false, start: { at: 0 } },
  ...{ limit: 10_000, now: NOW },
};

export const banOf = (range: string, more: Partial<Op> = {}): Op => ({
  ...({ op: "ban", cidr: parseCidr(range), reason: "" } as const),
  ...{ expiresAt: NOW + 3_600, observed: false, ...more },
});

export const liftOf = (range: string): Op => ({
  ...{ op: "lift", cidr: parseCidr(range) },
});
