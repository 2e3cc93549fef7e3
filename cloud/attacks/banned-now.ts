import type { Cidr } from "../../agent/model/cidr.js";
import type { FeedName } from "../../agent/model/position.js";
import { EVERYBODYS, orgOf } from "../feeds/audience.js";
import type { StandingBan } from "../feeds/snapshots/ban-lookup.js";
import type { Look } from "../feeds/snapshots/present.js";

/** Finds the bans on attackers, by everybody's feeds and those of who saw them. */
export class BannedNow {
  readonly #look: Pick<Look, "around" | "holds">;
  readonly #everybodys: readonly FeedName[];
  readonly #byOrg = new Map<string, FeedName[]>();

  constructor(look: Pick<Look, "around" | "holds" | "feeds">) {
    this.#look = look;
    this.#everybodys = EVERYBODYS.filter((feed) => look.feeds.includes(feed));
    for (const feed of look.feeds) {
      const org = orgOf(feed);
      if (org === undefined) continue;
      const known = this.#byOrg.get(org);
      if (known === undefined) this.#byOrg.set(org, [feed]);
      else known.push(feed);
    }
  }

  /**
   * The ban that counts: one that drops before one that only counts packets, then the
   * one that lasts longest.
   * @param orgs whose feeds are looked at beside everybody's
   */
  on(attacker: Cidr, orgs: readonly string[]): StandingBan | undefined {
    const own = orgs.flatMap((org) => this.#byOrg.get(org) ?? []);
    const bans = [...this.#everybodys, ...own].flatMap((feed) =>
      this.#look.around(feed, attacker),
    );
    return bans.sort(
      (a, b) =>
        Number(a.observed) - Number(b.observed) || b.expiresAt - a.expiresAt,
    )[0];
  }

  /**
   * Whether there is such a ban: looks no further than to the first.
   * @param orgsOf asked only where everybody's feeds do not hold it
   */
  isOn(attacker: Cidr, orgsOf: () => readonly string[]): boolean {
    const isHeld = (feed: FeedName) => this.#look.holds(feed, attacker);
    if (this.#everybodys.some(isHeld)) return true;
    if (this.#byOrg.size === 0) return false;
    return orgsOf().some((org) => this.#byOrg.get(org)?.some(isHeld) ?? false);
  }
}
