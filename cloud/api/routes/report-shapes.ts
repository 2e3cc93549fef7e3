import * as v from "valibot";
import { hostModes } from "../../fleet/host-mode.js";
import { hostStates } from "../../fleet/host-state.js";
import { Time, Whole } from "../table/answer.js";
import { attackSums } from "./attacks.js";
import { CountriesOut } from "./countries.js";
import { Org } from "./orgs.js";

/** Milliseconds; null: none is recorded. */
const Took = v.nullable(
  v.object({ p50: v.number(), p95: v.number(), count: Whole }),
);

/** Of a part of the month's decisions, from all over it. */
const Answered = v.object({
  /** How many were looked at. */
  decisions: Whole,
  /** Hosts that had to hold them, once for each decision. */
  must: Whole,
  holding: Whole,
  /** Their guards hold some of it back. */
  inPart: Whole,
  missing: Whole,
  /** What guards held back: hosts, once for each decision, and bans. */
  held: v.array(v.object({ rule: v.string(), hosts: Whole, bans: Whole })),
  /** From the last detection that counted to the decision. */
  toDecision: Took,
  /** From the decision to hosts' receipts in the cloud's hands. */
  toForce: Took,
  inAll: Took,
});

/** A month of one customer, as a page that prints well tells it. */
export const ReportOut = v.object({
  org: Org,
  /** As "2026-11", in UTC. */
  month: v.string(),
  from: Time,
  to: Time,
  madeAt: Time,
  /** Whether the month is over. */
  isOver: v.boolean(),
  /** What is from before that is not kept; null: nothing was told of yet. */
  keptSince: v.object({ attacks: v.nullable(Time), answers: Time }),
  attacks: v.object({
    totals: v.object(attackSums),
    /** Every day, those to come included. */
    byDay: v.array(v.object({ at: Time, ...attackSums })),
    /** Those with the most failures and packets first. */
    byCountry: v.array(
      v.object({ country: v.nullable(v.string()), ...attackSums }),
    ),
  }),
  attackers: v.object({
    /** First seen before the month's end, last seen since its beginning. */
    seen: Whole,
    /** Of these, with all that is kept of them. */
    top: v.array(
      v.object({
        attacker: v.string(),
        country: v.nullable(v.string()),
        failures: v.number(),
        packets: v.number(),
        firstSeen: Time,
        lastSeen: Time,
      }),
    ),
  }),
  /** That could be in force at some time of the month, the most ranges first. */
  bans: v.array(
    v.object({
      by: v.picklist(["rule", "list", "people"]),
      /** A rule's, or a list's. */
      name: v.nullable(v.string()),
      /** Of a feed of the org's own. */
      isOwn: v.boolean(),
      observed: v.boolean(),
      decisions: Whole,
      ranges: Whole,
    }),
  ),
  /** Whether all bans were looked at. */
  isWhole: v.boolean(),
  /** Within the month. */
  decided: v.object({ bans: Whole, lists: Whole, lifts: Whole, undone: Whole }),
  answered: Answered,
  /** Of those that were opened within the month. */
  contests: v.object({
    opened: Whole,
    released: Whole,
    shortened: Whole,
    refused: Whole,
    waiting: Whole,
  }),
  /** As they are now. */
  hosts: v.object({
    all: Whole,
    online: Whole,
    /** Not well, away, or not enforcing; the first of them by name. */
    unwell: Whole,
    first: v.array(
      v.object({
        agent: v.string(),
        hostname: v.string(),
        state: v.picklist(hostStates),
        mode: v.picklist(hostModes),
        troubles: v.array(v.string()),
        lastSeen: v.nullable(Time),
      }),
    ),
  }),
  countries: CountriesOut,
});
