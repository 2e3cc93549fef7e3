import { formatCidr, type Cidr } from "../../agent/model/cidr.js";
import type { FeedName } from "../../agent/model/position.js";
import { newId } from "../ids.js";
import type { GlassBroken } from "../journal/two-person-events.js";
import type { Caller } from "../operators/caller.js";
import { includes } from "../operators/roles.js";
import { GlassHolds } from "./refusals.js";

/** What an order that goes through the glass is about. */
export interface ThroughGlass extends Pick<
  GlassBroken,
  "decision" | "action" | "dangers"
> {
  readonly feed: FeedName;
  readonly ranges: readonly Cidr[] | { readonly size: number };
  /** Seconds; null of what lasts for ever, and of lifts. */
  readonly lasts: number | null;
}

/** What an admin breaks who cannot wait for anybody: for a day at most. */
export class Glass {
  /** Of a lift in several feeds, in the first; each has a record of its own. */
  readonly id = newId("gls");
  readonly #ids = new Map<FeedName, string>();
  readonly #caller: Caller;
  readonly #why: string;
  readonly #now: number;

  /** @param now milliseconds since 1970 */
  constructor(caller: Caller, why: string, now: number) {
    this.#caller = caller;
    this.#why = why;
    this.#now = now;
  }

  /**
   * @param lasts seconds; null is for ever
   * @throws GlassHolds where it is not this caller's to break, or not so long
   */
  mustGive(lasts: number | null): void {
    const { role, org, name, steppedUpUntil } = this.#caller;
    if (!includes(role, "admin") || org !== null) {
      throw new GlassHolds(
        "not-allowed",
        `breaking the glass is for admins of the vendor, and ${name} is ${role}${org === null ? "" : ` of ${org}`}`,
      );
    }
    if ((steppedUpUntil ?? 0) <= this.#now) {
      throw new GlassHolds(
        "step-up-needed",
        "show first who you are: step up, then ask again within ten minutes",
      );
    }
    if (lasts !== null && lasts <= LONGEST_S) return;
    const term = lasts === null ? "for ever" : `${lasts} seconds`;
    throw new GlassHolds(
      "lasts-too-long",
      `what breaks the glass lasts a day at most, and this would last ${term}: order 24h or less, and have what lasts longer released by somebody else`,
    );
  }

  broken({ feed, ranges, lasts, ...about }: ThroughGlass): GlassBroken {
    const { operator, name } = this.#caller;
    const first = this.#ids.size === 0 ? this.id : undefined;
    const id = this.#ids.get(feed) ?? first ?? newId("gls");
    this.#ids.set(feed, id);
    const several = "length" in ranges ? ranges : undefined;
    return {
      ...{ kind: "glass-broken", glass: id, ...about, feeds: [feed] },
      ranges: "length" in ranges ? ranges.length : ranges.size,
      targets: several?.slice(0, FEW).map(formatCidr) ?? [],
      ...{ operator, by: name, why: this.#why },
      expiresAt: lasts === null ? null : this.#now + lasts * 1000,
    };
  }
}

const LONGEST_S = 24 * 60 * 60;

/** Enough to see what kind they are. */
const FEW = 10;
