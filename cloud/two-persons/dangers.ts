import { formatCidr, type Cidr } from "../../agent/model/cidr.js";
import { isWider, widestOf, type Widths } from "../decide/widths.js";
import type { ActuatorLimits } from "../journal/operator-events.js";
import type { Danger } from "../journal/two-person-events.js";

/** Ranges with one danger in common: how many, and the first few of them. */
export class Seen {
  #count = 0;
  readonly #first: string[] = [];

  add(range: Cidr): void {
    this.#count += 1;
    if (this.#first.length < FEW) this.#first.push(formatCidr(range));
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** "192.0.2.0/24, 198.51.100.0/24 and 7 more". */
  toString(): string {
    const more = this.#count - this.#first.length;
    return this.#first.join(", ") + (more > 0 ? ` and ${more} more` : "");
  }

  /** The word that fits their number. */
  are(one: string, several: string): string {
    return this.#count === 1 ? one : several;
  }
}

/** Enough to see what kind they are. */
const FEW = 3;

/** Ranges that are wide by themselves, and those that are narrow, in sum. */
export class Breadth {
  readonly #widths: Widths;
  readonly #addsUp: boolean;
  readonly #wide = new Seen();
  readonly #sum: Sum;

  /** @param addsUp false: what is narrow does not count */
  constructor(widths: Widths, addsUp = true) {
    this.#widths = widths;
    this.#addsUp = addsUp;
    this.#sum = new Sum(widths);
  }

  add(cidr: Cidr): void {
    if (isWider(cidr, this.#widths)) this.#wide.add(cidr);
    else if (this.#addsUp) this.#sum.add(cidr);
  }

  dangers(action: "ban" | "lift"): readonly Danger[] {
    const wider = this.#wide.isEmpty
      ? []
      : [wide(this.#wide, this.#widths, action)];
    return [...wider, ...this.#sum.dangers(action)];
  }
}

const wide = (
  seen: Seen,
  { widestV4, widestV6 }: Widths,
  action: "ban" | "lift",
): Danger => {
  const what = `${seen.toString()} ${seen.are("is", "are")} wider than one person ${action}s at once (/${widestV4}, /${widestV6} of IPv6)`;
  return { why: "wide", says: what };
};

/** So many of the widest ranges one person bans or lifts in an order, in sum. */
const MOST_OF_WIDEST = 16;

/** Adds up ranges that are narrow, each by itself. */
class Sum {
  readonly #widths: Widths;
  /** In as many of the widest that one person bans, of each family. */
  readonly #widest = { 4: 0, 6: 0 };

  constructor(widths: Widths) {
    this.#widths = widths;
  }

  add({ family, prefix }: Cidr): void {
    this.#widest[family] += 2 ** (widestOf(family, this.#widths) - prefix);
  }

  /** As wide as many, where they come to more than one person's. */
  dangers(action: "ban" | "lift"): readonly Danger[] {
    return ([4, 6] as const)
      .filter((family) => this.#widest[family] > MOST_OF_WIDEST)
      .map((family) => {
        const much = Math.ceil(this.#widest[family]);
        const says = `its narrow ranges come to ${much} ranges of /${widestOf(family, this.#widths)}, and one person ${action}s ${MOST_OF_WIDEST} in an order`;
        return { why: "wide", says };
      });
  }
}

/** Why a range is not one person's to ban, however narrow. */
export type NeverTier = "never-list" | "public-resolver" | "cdn";

const tiers: Readonly<Record<NeverTier, readonly [string, string]>> = {
  "never-list": ["is in never-ban.txt", "are in never-ban.txt"],
  "public-resolver": [
    "holds a resolver that everybody may use",
    "hold resolvers that everybody may use",
  ],
  cdn: ["holds the edge of a CDN", "hold edges of a CDN"],
};

export const neverBanned = (seen: Seen, tier: NeverTier): Danger => ({
  why: "never-ban",
  says: `${seen.toString()} ${seen.are(...tiers[tier])}`,
});

export const neverListUnread = (message: string): Danger => ({
  why: "never-ban",
  says: `never-ban.txt cannot be read, so nobody knows what it protects: ${message}`,
});

/**
 * Hosts with open flows of their own making, of those that were asked and answered
 * in time. Whom hosts call, they need; who calls them may be the attacker, who
 * would else put off his own ban by opening connections.
 */
export interface FlowsFound {
  readonly asked: number;
  readonly answered: number;
  readonly affectedBegun: number;
  readonly liveBegun: number;
}

export const flowsCut = (
  { asked, answered, affectedBegun, liveBegun }: FlowsFound,
  most: number,
): Danger => ({
  why: "flows",
  says: `${affectedBegun} hosts have ${liveBegun} open connections to it that they began, and one person cuts those of ${most} at most (${answered} of ${asked} hosts that were asked have answered)`,
});

export const listLifted = (
  list: string,
  { lifted, before }: { readonly lifted: number; readonly before: number },
): Danger => ({
  why: "list",
  says: `it lifts ${lifted} of the ${before} ranges that list "${list}" holds`,
});

export const listUndone = (
  list: string,
  { lifted, ranges }: { readonly lifted: number; readonly ranges: number },
): Danger => ({
  why: "list",
  says: `it lifts ${lifted} of the ${ranges} ranges that an import of list "${list}" brought`,
});

export const beyond = (limit: keyof ActuatorLimits, says: string): Danger => ({
  why: "limits",
  says: `${says} (${limit})`,
});
