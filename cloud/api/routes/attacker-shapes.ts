import * as v from "valibot";
import { attackerOrders } from "../../attacks/attackers.js";
import { ATTACKERS } from "../../query/lists/attackers.js";
import { Moment, Named, wholeNumber } from "../fields.js";
import { QueryOf } from "../query-field.js";
import { CountriesOut } from "./countries.js";
import {
  Cursor,
  Seconds,
  Time,
  Whole,
  countedPageOf,
} from "../table/answer.js";
import { said } from "../table/said.js";

/** What of attackers goes in and out. */

export const groupings = ["address", "net", "country", "org"] as const;
export type Grouping = (typeof groupings)[number];

/** Attackers that have the named thing in common, or one of them. */
const AttackerOut = v.object({
  /**
   * An address or a /64; by net, a /24 or a /64; two letters of a country; an org.
   * Null: by country, those of whom it is not known.
   */
  name: v.nullable(v.string()),
  attackers: Whole,
  /** Two letters; null: not known, or several. */
  country: v.nullable(v.string()),
  /** Some of those whose hosts saw it; by address alone. */
  orgs: v.array(v.string()),
  /** How many orgs' hosts saw it; null: not counted. */
  orgCount: v.nullable(Whole),
  /** At least: of an org, 100 are told apart. Null: not counted. */
  hosts: v.nullable(Whole),
  /** Some of these hosts. */
  seenBy: v.array(
    v.object({ agent: v.string(), hostname: v.string(), org: v.string() }),
  ),
  /** Log-ins that failed, of all that is kept, as the other sums. */
  failures: v.number(),
  /** That bans matched; of these, those that were not dropped. */
  packets: v.number(),
  observed: v.number(),
  firstSeen: Time,
  lastSeen: Time,
  /** Which sensors saw it; none, where bans alone did. */
  sensors: v.array(v.string()),
  /** The ban that stands on it; null: none, or it can't be told. */
  banned: v.nullable(
    v.object({
      decision: v.string(),
      feed: v.string(),
      range: v.string(),
      until: Seconds,
      observed: v.boolean(),
      reason: v.string(),
    }),
  ),
});

export const AttackersPage = v.object({
  ...countedPageOf(AttackerOut).entries,
  /** False: not all were looked at, and the sums are of the newest. */
  isWhole: v.boolean(),
  countries: CountriesOut,
});

const orders = [...attackerOrders, "attackers"] as const;

/** Bans and hosts are looked up for each. */
const MOST_ON_A_PAGE = 500;

export const AttackersQuery = v.strictObject({
  q: v.optional(QueryOf(ATTACKERS)),
  by: v.optional(v.picklist(groupings), "address"),
  /** What is newest, or most, comes first; by address, `attackers` is as `last`. */
  sort: v.optional(v.picklist(orders), "last"),
  /** Seen since then. */
  since: v.optional(Moment),
  /** What this org's hosts saw alone. */
  org: v.optional(Named),
  limit: said(v.optional(wholeNumber(1, MOST_ON_A_PAGE), "50"), {
    default: 50,
  }),
  /** What the last one of the page before goes by, and its name. */
  cursor: v.optional(Cursor(v.tuple([v.number(), v.string()]))),
});
