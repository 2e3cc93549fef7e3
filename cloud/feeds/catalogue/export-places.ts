import type { Asker } from "../../rate/asker-gate.js";

/** Too many carry bans away already. */
export class ExportBusy extends Error {
  override readonly name = "ExportBusy";
}

/**
 * Places of those who carry lists of bans away, for minutes maybe: nobody waits
 * for one. One of an org has a place, and one of a credential of the vendor's
 * people; neither these nor all orgs have all of them.
 */
export class ExportPlaces {
  readonly #taken = new Set<string>();

  get size(): number {
    return this.#taken.size;
  }

  /** @throws ExportBusy */
  take({ org, credential }: Asker): Disposable {
    const side = org === null ? "vendor" : "org";
    const whose = `${side} ${org ?? credential}`;
    if (this.#taken.has(whose)) {
      throw new ExportBusy(
        `bans are exported for ${org ?? "this credential"} already: one at a time`,
      );
    }
    const ofSide = [...this.#taken].filter((each) => each.startsWith(side));
    if (this.size >= AT_ONCE || ofSide.length >= OF_A_SIDE) {
      throw new ExportBusy("bans are exported for others; ask again later");
    }
    this.#taken.add(whose);
    return { [Symbol.dispose]: () => void this.#taken.delete(whose) };
  }
}

const AT_ONCE = 4;
const OF_A_SIDE = 3;
