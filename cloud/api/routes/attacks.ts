import * as v from "valibot";
import { measures } from "../../attacks/sums.js";
import { Named, wholeNumber } from "../fields.js";
import type { OperatorApiPorts } from "../ports.js";
import { mustBeOwnOrg } from "../scope.js";
import { Time } from "../table/answer.js";
import { answer, route, type Route } from "../table/route.js";
import { said } from "../table/said.js";
import { CountriesOut, countriesTold } from "./countries.js";

/** What hosts told of attacks, added up. */
export const attackSums = {
  detections: v.number(),
  /** Log-ins that failed, by these. */
  failures: v.number(),
  /** That bans matched; of these, those that were dropped. */
  packets: v.number(),
  dropped: v.number(),
  /** Attackers that were not known of before. */
  attackers: v.number(),
};

const Shares = v.object({
  /** Those with the most, the most first. */
  top: v.array(
    v.object({
      /** Null: nobody knows the country. */
      name: v.nullable(v.string()),
      total: v.number(),
      /** One for each span. */
      counts: v.array(v.number()),
    }),
  ),
  /** Of all others together. */
  rest: v.array(v.number()),
});

const AttacksOut = v.object({
  per: v.picklist(["minute", "hour", "day"]),
  of: v.picklist(measures),
  from: Time,
  /** When the last span ends: it goes on. */
  to: Time,
  /** Since when attacks are counted; null: none was told of yet. */
  keptSince: v.nullable(Time),
  totals: v.object(attackSums),
  /** Every span, the oldest first. */
  buckets: v.array(v.object({ at: Time, ...attackSums })),
  /** Of what `of` says. */
  byCountry: Shares,
  byOrg: Shares,
  countries: CountriesOut,
});

const SPANS_TOLD = { minute: 60, hour: 24, day: 31 } as const;

const MOST_TOLD_APART = 50;

const AttacksQuery = v.strictObject({
  /** The last 60 minutes, 24 hours, or 31 days of UTC. */
  per: v.optional(v.picklist(["minute", "hour", "day"]), "minute"),
  of: v.optional(v.picklist(measures), "failures"),
  /** What this org's hosts saw alone. */
  org: v.optional(Named),
  /** How many orgs and countries are told apart. */
  top: said(v.optional(wholeNumber(1, MOST_TOLD_APART), "8"), { default: 8 }),
});

/** How many attacks there were when. */
export const attackRoutes = (
  ports: Pick<
    OperatorApiPorts,
    "attackTimes" | "countries" | "registry" | "clock"
  >,
): readonly Route[] => [
  route({
    ...{ method: "GET", path: "/attacks", operationId: "countAttacks" },
    ...{
      tag: "Hosts",
      summary: "How many attacks there were when, and on whom",
    },
    description:
      "By when they were, as hosts say. Countries are those that were known as it was told.",
    ...{ allows: "viewer", scope: "own" },
    query: AttacksQuery,
    answers: { 200: { description: "By span of time", schema: AttacksOut } },
    problems: [404],
    handle: ({ caller, query: { org, per, of, top } }) => {
      if (org !== undefined) mustBeOwnOrg(caller, org, ports);
      const { attackTimes, countries, clock } = ports;
      const whose = caller.org ?? org ?? null;
      const asked = { org: whose, per, of, top, now: clock.now() };
      const over = attackTimes.over({ ...asked, spans: SPANS_TOLD[per] });
      return answer(200, {
        ...{ ...over, per, of, keptSince: attackTimes.since() },
        ...{ byCountry: over.countries, byOrg: over.orgs },
        countries: countriesTold(countries),
      });
    },
  }),
];
