import { width, type Cidr } from "../../model/cidr.js";
import { MalformedNetlink } from "../../netlink/error.js";
import type { Message } from "../../netlink/message.js";
import {
  authorIn,
  tableEvent,
  type TableEvent,
} from "../../netlink/nftables/events.js";
import type { SetElement } from "../../netlink/nftables/read.js";
import {
  MOST_RANGES,
  type Author,
  type Depth,
  type Disturbance,
} from "../disturbance.js";
import {
  TABLE,
  isCounter,
  isOfAreas,
  shareOf,
  type Share,
} from "./sets/layout.js";

/** An area that somebody else deleted from its set. */
export interface Area {
  readonly set: string;
  readonly address: Uint8Array;
}

/** A disturbance, and what of it is this backend's own business. */
export interface Found {
  readonly disturbance: Disturbance;
  readonly areas: readonly Area[];
}

/**
 * Makes disturbances of the kernel's news: all that others change of our table
 * up to the message that says who it was. Anything else costs a glance.
 */
export class Disturbances {
  readonly #isOwn: (port: number) => boolean;
  readonly #found: (found: Found) => void;
  #gathered: Gathered | undefined;

  constructor(isOwn: (port: number) => boolean, found: (found: Found) => void) {
    this.#isOwn = isOwn;
    this.#found = found;
  }

  /** Takes in one datagram, which tells of one change or a part of it. */
  hear(messages: Iterable<Message>): void {
    for (const message of messages) {
      if (this.#isOwn(message.port)) return;
      const author = authorIn(message);
      if (author !== undefined) this.#finish(author);
      else this.#take(tableEvent(message, TABLE));
    }
  }

  /** What was gathered is not whole. */
  forget(): void {
    this.#gathered = undefined;
  }

  #take(event: TableEvent | undefined): void {
    if (event === undefined) return;
    if (event.of === "elements" && isCounter(event.name)) return;
    (this.#gathered ??= new Gathered()).take(event);
  }

  #finish(by: Author): void {
    const gathered = this.#gathered;
    this.#gathered = undefined;
    if (gathered !== undefined) this.#found(gathered.by(by));
  }
}

/** What one change did to our table. */
class Gathered {
  #depth: Depth = "entries";
  readonly #ranges = new Map<string, Cidr>();
  readonly #areas: Area[] = [];
  /** "removed rules of in4", and how often. */
  readonly #deeds = new Map<string, number>();

  take(event: TableEvent): void {
    switch (event.of) {
      case "table":
        this.#note(event.gone ? REMOVED_TABLE : "changed the table");
        this.#deepen(event.gone ? "bans" : "rules");
        return;
      case "chain":
      case "rule":
        this.#note(`${verb(event)} ${event.of}s of ${event.name}`);
        this.#deepen("rules");
        return;
      case "set":
        this.#note(`${verb(event)} set ${event.name}`);
        this.#deepen(holdsBans(event.name) ? "bans" : "rules");
        return;
      case "elements":
        for (const each of event.elements) this.#takeElement(event, each);
        return;
      case "other":
        this.#note("added what is not ours");
        this.#deepen("rules");
    }
  }

  by(by: Author): Found {
    const ranges = this.#depth === "bans" ? [] : [...this.#ranges.values()];
    const what = describe(this.#deeds);
    return {
      disturbance: { by, what, depth: this.#depth, ranges },
      areas: this.#areas,
    };
  }

  #takeElement(
    event: TableEvent & { of: "elements" },
    { key }: SetElement,
  ): void {
    const share = shareOf(event.name);
    if (share !== undefined) {
      this.#note(`${verb(event)} bans`);
      this.#takeRange(share, key);
      return;
    }
    this.#deepen("rules");
    if (!isOfAreas(event.name)) {
      this.#note(`changed set ${event.name}`);
      return;
    }
    this.#note(`${verb(event)} areas`);
    if (!event.gone) return;
    if (this.#areas.length >= MOST_RANGES) this.#deepen("bans");
    else this.#areas.push({ set: event.name, address: Uint8Array.from(key) });
  }

  /** What others add may be no range of ours at all; it has to go all the same. */
  #takeRange({ family, prefix }: Share, key: Buffer): void {
    if (this.#depth === "bans") return;
    if (key.length !== width(family)) throw new MalformedNetlink("a ban's key");
    const range = { family, address: Uint8Array.from(key), prefix };
    this.#ranges.set(`${key.toString("latin1")}/${prefix}`, range);
    if (this.#ranges.size > MOST_RANGES) this.#deepen("bans");
  }

  #deepen(depth: Depth): void {
    if (this.#depth === "entries" || depth === "bans") this.#depth = depth;
  }

  #note(deed: string): void {
    const times = this.#deeds.get(deed);
    const isTooMuch = times === undefined && this.#deeds.size >= MOST_DEEDS;
    if (isTooMuch && deed !== REMOVED_TABLE) return;
    this.#deeds.set(deed, (times ?? 0) + 1);
  }
}

const verb = ({ gone }: { readonly gone: boolean }): string =>
  gone ? "removed" : "added";

const holdsBans = (set: string): boolean =>
  shareOf(set) !== undefined || isOfAreas(set);

/** Who removes the table removes all that is in it. */
function describe(deeds: ReadonlyMap<string, number>): string {
  if (deeds.has(REMOVED_TABLE)) return REMOVED_TABLE;
  const told = [...deeds].slice(0, MOST_TOLD).map(([deed, times]) => {
    return times === 1 ? deed : `${deed} (${times})`;
  });
  const more = deeds.size > MOST_TOLD ? ", and more" : "";
  return `${told.join(", ")}${more}`;
}

const REMOVED_TABLE = "removed the table";

/** A name of a chain or set can be long, and a line must not be. */
const MOST_TOLD = 4;
const MOST_DEEDS = 64;
