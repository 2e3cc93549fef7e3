import type * as v from "valibot";
import { formatCidr } from "../../../agent/model/cidr.js";
import type { Attacker } from "../../attacks/attackers.js";
import type { BannedNow } from "../../attacks/banned-now.js";
import {
  groupValue,
  grouped,
  netOf,
  type AttackerGroup,
  type GroupsAsked,
} from "../../attacks/grouped.js";
import type { Caller } from "../../operators/caller.js";
import { Turns } from "../../rate/turns.js";
import {
  attackersAsked,
  bannedNow,
  matching,
  type AttackersOf,
} from "../asked/attackers.js";
import type { OperatorApiPorts } from "../ports.js";
import { mustBeOwnOrg } from "../scope.js";
import { cursorOf } from "../table/answer.js";
import { answer, route, type Route } from "../table/route.js";
import { pageShown, walk } from "../walk.js";
import { countriesTold } from "./countries.js";
import {
  AttackersPage,
  AttackersQuery,
  type Grouping,
} from "./attacker-shapes.js";

type Query = v.InferOutput<typeof AttackersQuery>;
type Ports = OperatorApiPorts;

/** Whom hosts saw, and whose packets bans matched. */
export const attackerRoutes = (ports: Ports): readonly Route[] => [
  route({
    ...{ method: "GET", path: "/attackers", operationId: "listAttackers" },
    ...{
      tag: "Hosts",
      summary: "Who attacked, one by one or by what they share",
    },
    description:
      "A page may have few, or none, and not be the last: one request looks at so many. Who attacks while one turns pages may come twice, or not at all.",
    ...{ allows: "viewer", scope: "own" },
    query: AttackersQuery,
    answers: { 200: { description: "A page", schema: AttackersPage } },
    problems: [404, 429],
    handle: async ({ caller, query, context }) => {
      if (query.org !== undefined) mustBeOwnOrg(caller, query.org, ports);
      const { signal } = context.req.raw;
      const page = await ports.listGate.run(caller, signal, async () =>
        query.by === "address"
          ? await oneByOne(caller, query, ports, signal)
          : await together(caller, query.by, { query, ports, signal }),
      );
      const countries = countriesTold(ports.countries);
      return answer(200, { ...page, countries });
    },
  }),
];

const ofWhom = (
  caller: Caller,
  { org, sort, since = 0 }: Query,
): AttackersOf => ({
  org: caller.org ?? org ?? null,
  order: sort === "attackers" ? "last" : sort,
  since,
});

async function oneByOne(
  caller: Caller,
  query: Query,
  ports: Ports,
  signal: AbortSignal,
) {
  const { clock } = ports;
  const { q, cursor: from, limit } = query;
  const of = ofWhom(caller, query);
  const isAskedFor = await matching(caller, q, of, ports);
  const list = attackersAsked(q, of, ports, isAskedFor);
  const found = await walk(list, { clock, signal, from, limit });
  const bans = await bannedNow(caller, ports);
  const turns = new Turns(clock, signal);
  const shown: ReturnType<typeof attackerShown>[] = [];
  for (const each of found.items) {
    await turns.next();
    shown.push(attackerShown(each, of, bans, ports));
  }
  const page = pageShown({ ...found, items: shown }, (each) => each);
  return { ...page, isWhole: true };
}

/** Orgs and hosts of each that are named. */
const NAMED = { orgs: 20, hosts: 5 } as const;

function attackerShown(
  { attacker: name, cidr, orgs: orgCount, ...row }: Attacker,
  { org }: AttackersOf,
  bans: BannedNow | null,
  { attackers, countries, registry }: Ports,
) {
  const orgs = org === null ? attackers.orgsOf(name, NAMED.orgs) : [org];
  const agents = attackers.hostsOf(name, org, NAMED.hosts);
  const ban = bans?.on(cidr, orgs);
  return {
    ...{ ...row, name, attackers: 1, orgs, orgCount },
    country: countries.of(cidr),
    seenBy: agents.flatMap((id) => {
      const agent = registry.agent(id);
      if (agent === undefined) return [];
      return { agent: id, hostname: agent.hostname, org: agent.org };
    }),
    banned: ban
      ? {
          ...{ ...ban, range: formatCidr(ban.cidr), until: ban.expiresAt },
        }
      : null,
  };
}

/** Attackers by what they have in common. */
async function together(
  caller: Caller,
  by: Exclude<Grouping, "address">,
  { query, ports, signal }: Asked,
) {
  const { q, cursor, limit, sort } = query;
  const of = ofWhom(caller, query);
  const orgs =
    by === "org" && of.org === null
      ? ports.registry.orgs().map(({ id }) => id)
      : [of.org];
  const { groups, isWhole } = await grouped(
    {
      ...{ orgs, since: of.since, groupOf: groupingBy(by, ports) },
      isAskedFor: await matching(caller, q, of, ports),
    },
    (...asked) => ports.attackers.behind(...asked),
    new Turns(ports.clock, signal),
  );
  const [value = Infinity, name = ""] = cursor ?? [];
  const sorted = groups
    .map((group) => ({
      group,
      place: [groupValue(group, sort), group.name ?? ""] as const,
    }))
    .filter(
      ({ place: [own, called] }) =>
        own < value || (own === value && called > name),
    )
    .sort(({ place: [m, a] }, { place: [n, b] }) => n - m || (a < b ? -1 : 1));
  const items = sorted.slice(0, limit);
  const last = sorted.length > limit ? items.at(-1) : undefined;
  return {
    items: items.map(({ group }) => groupShown(group, by)),
    next: last === undefined ? null : cursorOf(last.place),
    total: groups.length,
    isWhole,
  };
}

interface Asked {
  readonly query: Query;
  readonly ports: Ports;
  readonly signal: AbortSignal;
}

function groupingBy(
  by: Exclude<Grouping, "address">,
  { countries }: Ports,
): GroupsAsked["groupOf"] {
  switch (by) {
    case "net":
      return netOf;
    case "country":
      return ({ cidr }) => countries.of(cidr);
    case "org":
      return (_, org) => org;
  }
}

const groupShown = (
  { name, sensors, ...group }: AttackerGroup,
  by: Exclude<Grouping, "address">,
) => ({
  ...group,
  ...{ name, orgs: [], orgCount: null, hosts: null, seenBy: [] },
  country: by === "country" ? name : null,
  sensors: [...sensors].slice(0, MOST_SENSORS),
  banned: null,
});

const MOST_SENSORS = 8;
