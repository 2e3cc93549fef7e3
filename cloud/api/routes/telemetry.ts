import * as v from "valibot";
import type { Caller } from "../../operators/caller.js";
import { DETECTIONS } from "../../query/lists/detections.js";
import type { DetectionEntry } from "../../telemetry/telemetry.js";
import { attackerKey, attackerOf, readRemote } from "../../telemetry/remote.js";
import { withHostname } from "../agent-names.js";
import { detectionsAsked } from "../asked/detections.js";
import { Named, Range, YesOrNo, limitOf } from "../fields.js";
import type { OperatorApiPorts } from "../ports.js";
import { QueryOf } from "../query-field.js";
import { mustBeOwnOrg, ownAgent, sees } from "../scope.js";
import { Cursor, countedPageOf, cursorOf, pageOf } from "../table/answer.js";
import { answer, route, type Route } from "../table/route.js";
import { pageShown, walk } from "../walk.js";
import { ContactOut, SightingOut, SightingTotal } from "./telemetry-shapes.js";
import { Detection } from "./detection.js";

const common = {
  limit: limitOf(1_000),
  /** That sources, or banned addresses, lie in. */
  range: v.optional(Range),
  org: v.optional(Named),
};

const whole = v.pipe(v.number(), v.integer());

const PlaceQuery = v.strictObject({
  ...common,
  /** By its id, or its host's name. */
  agent: v.optional(Named),
  /** The message that brought the last one of the page before, and its place there. */
  cursor: v.optional(Cursor(v.tuple([whole, whole]))),
});

const DetectionsQuery = v.strictObject({
  ...PlaceQuery.entries,
  /** Only those that no rule banned or proposed on. */
  unacted: v.optional(YesOrNo, "false"),
  q: v.optional(QueryOf(DETECTIONS)),
});

const SightingsQuery = v.strictObject({
  ...common,
  /** The last one of the page before: its packets, org and range. */
  cursor: v.optional(Cursor(v.tuple([whole, v.string(), v.string()]))),
});

type Ports = Pick<
  OperatorApiPorts,
  "telemetry" | "registry" | "earlier" | "clock"
>;

/** What agents saw. */
export const telemetryTable = (ports: Ports): readonly Route[] => [
  ...placed(ports),
  route({
    ...{ method: "GET", path: "/sightings", operationId: "listSightings" },
    ...{ tag: "Hosts", summary: "Whose packets bans matched, by org" },
    description:
      "Those with the most packets first. What grows while one turns pages may come twice, or not at all.",
    ...{ allows: "viewer", scope: "own" },
    query: SightingsQuery,
    answers: { 200: { description: "A page", schema: Sightings } },
    problems: [404],
    handle: ({ caller, query }) => answer(200, sightings(caller, query, ports)),
  }),
];

const Sightings = v.object({
  ...pageOf(SightingOut).entries,
  /** Of each org, the attackers that have no name included. */
  totals: v.array(SightingTotal),
});

const placed = (ports: Ports): readonly Route[] => [
  route({
    ...{ method: "GET", path: "/detections", operationId: "listDetections" },
    ...{ tag: "Hosts", summary: "What hosts' sensors detected" },
    description:
      "The newest first. With `q`, or of those that no rule acted on, a page may be short, or empty, and others follow all the same.",
    ...{ allows: "viewer", scope: "own" },
    query: DetectionsQuery,
    answers: {
      200: { description: "A page", schema: countedPageOf(Detection) },
    },
    problems: [404, 409],
    handle: async ({ caller, query, context }) => {
      const { signal } = context.req.raw;
      return answer(200, await detections(caller, query, ports, signal));
    },
  }),
  route({
    ...{ method: "GET", path: "/contacts", operationId: "listContacts" },
    ...{ tag: "Hosts", summary: "Which processes called banned addresses" },
    description: "The newest first.",
    ...{ allows: "viewer", scope: "own" },
    query: PlaceQuery,
    answers: { 200: { description: "A page", schema: pageOf(ContactOut) } },
    problems: [404, 409],
    handle: ({ caller, query }) => {
      const asked = placeOf(caller, query, ports);
      const found = ports.telemetry.contacts(asked);
      return answer(200, pageTo(query.limit, found, ports));
    },
  }),
];

async function detections(
  caller: Caller,
  { q, unacted: isUnacted, ...query }: v.InferOutput<typeof DetectionsQuery>,
  ports: Ports,
  signal: AbortSignal,
) {
  const { limit, cursor: from } = query;
  const asked = placeOf(caller, query, ports);
  const isLeft = leftBy(caller, ports);
  if (q !== undefined) {
    const list = detectionsAsked(q, asked, ports);
    const isAskedFor = (each: DetectionEntry) =>
      list.isAskedFor(each) && (!isUnacted || isLeft(each));
    const stretch = { clock: ports.clock, signal, from, limit };
    const found = await walk({ ...list, isAskedFor }, stretch);
    return pageShown(found, (each) => withHostname(each, ports.registry));
  }
  if (isUnacted) return unacted(limit, asked, isLeft, ports);
  const found = ports.telemetry.detections(asked);
  return pageTo(limit, found, ports);
}

/** Some 10 ms of looks; where few of them are left, pages are short. */
const MOST_LOOKED_AT = 500;

function unacted(
  limit: number,
  asked: Parameters<Ports["telemetry"]["detections"]>[0],
  isLeft: (each: DetectionEntry) => boolean,
  { telemetry, registry }: Ports,
) {
  const found = telemetry.detections({ ...asked, limit: MOST_LOOKED_AT });
  const items: (DetectionEntry & { readonly hostname: string | null })[] = [];
  for (const each of found) {
    const { seq, nth } = each;
    if (isLeft(each)) items.push(withHostname(each, registry));
    if (items.length === limit) return { items, next: cursorOf([seq, nth]) };
  }
  const last = found.length === MOST_LOOKED_AT ? found.at(-1) : undefined;
  return { items, next: last ? cursorOf([last.seq, last.nth]) : null };
}

/** Whether no rule acted on it, as far as the caller may know. */
function leftBy({ org }: Caller, { earlier }: Ports) {
  // What a person is to decide on, and so why, is the vendor's to know.
  const of = org === null ? "bans and proposals" : "bans";
  return ({ source, seq, time }: DetectionEntry): boolean => {
    const remote = readRemote(source);
    const attacker = remote && attackerOf(remote);
    if (attacker === undefined) return true;
    return !earlier.actedOn(attackerKey(attacker), { seq, time }, of);
  };
}

/** One more than the page takes tells whether there is another. */
function placeOf(
  caller: Caller,
  query: v.InferOutput<typeof PlaceQuery>,
  ports: Ports,
) {
  const { limit, range, agent, cursor } = query;
  const [seq, nth] = cursor ?? [];
  return {
    ...{ limit: limit + 1, range, org: orgOf(caller, query.org, ports) },
    agent: agent && ownAgent(caller, agent, ports).id,
    before: seq === undefined ? undefined : { seq, nth: nth ?? 0 },
  };
}

/** An org's operators ask for their own, whether or not they say so. */
function orgOf(
  caller: Caller,
  org: string | undefined,
  ports: Ports,
): string | undefined {
  if (org !== undefined) mustBeOwnOrg(caller, org, ports);
  return org ?? caller.org ?? undefined;
}

function pageTo<T extends Told>(
  limit: number,
  found: readonly T[],
  { registry }: Pick<Ports, "registry">,
) {
  const items = found
    .slice(0, limit)
    .map((each) => withHostname(each, registry));
  const last = items.at(-1);
  const isMore = found.length > limit && last !== undefined;
  return { items, next: isMore ? cursorOf([last.seq, last.nth]) : null };
}

interface Told {
  readonly seq: number;
  readonly nth: number;
  readonly agent: string;
}

function sightings(
  caller: Caller,
  query: v.InferOutput<typeof SightingsQuery>,
  ports: Ports,
) {
  const { limit, range, cursor: after } = query;
  const org = orgOf(caller, query.org, ports);
  const asked = { limit: limit + 1, range, org, after };
  const found = ports.telemetry.sightings(asked);
  const items = found.slice(0, limit);
  const last = items.at(-1);
  const isMore = found.length > limit && last !== undefined;
  const next = isMore ? cursorOf([last.packets, last.org, last.range]) : null;
  const all = ports.telemetry.totals();
  const totals = all.filter((each) => sees(caller, each.org));
  return { items, next, totals };
}
