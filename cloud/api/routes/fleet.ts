import * as v from "valibot";
import { hostModes } from "../../fleet/host-mode.js";
import { hostStates } from "../../fleet/host-state.js";
import { Summaries } from "../../fleet/summary.js";
import { Named } from "../fields.js";
import type { OperatorApiPorts } from "../ports.js";
import { mustBeOwnOrg } from "../scope.js";
import { Time, Whole } from "../table/answer.js";
import { answer, route, type Route } from "../table/route.js";

/** Hosts that were not sent away. */
const hosts = {
  hosts: Whole,
  online: Whole,
  /** Something is wrong with them. */
  unhealthy: Whole,
  /** Their receipts do not tell of all that their feeds say. */
  behind: Whole,
};

const FleetOut = v.object({
  /** When they were counted. */
  at: Time,
  ...hosts,
  /** Those with the most hosts first, and how many orgs are left out. */
  orgs: v.array(v.object({ org: v.string(), ...hosts })),
  moreOrgs: Whole,
  /** Those that were sent away are here, too. */
  cells: v.array(
    v.object({
      org: v.string(),
      state: v.picklist(hostStates),
      mode: v.picklist(hostModes),
      version: v.string(),
      hosts: Whole,
    }),
  ),
  /** In cells that are left out. */
  otherHosts: Whole,
  /** By health code, `cloned`, `telemetry-waits` and `telemetry-lost` besides. */
  troubles: v.array(v.object({ code: v.string(), hosts: Whole })),
  tags: v.array(v.object({ org: v.string(), tag: v.string(), hosts: Whole })),
  /** Of hosts, by the orgs' policies. */
  groups: v.array(
    v.object({ org: v.string(), group: v.string(), hosts: Whole }),
  ),
});

const FleetQuery = v.strictObject({ org: v.optional(Named) });

/** How many hosts are how. */
export const fleetRoutes = (
  ports: Pick<OperatorApiPorts, "fleet" | "registry">,
  summaries = new Summaries(),
): readonly Route[] => [
  route({
    ...{ method: "GET", path: "/fleet", operationId: "countHosts" },
    ...{ tag: "Hosts", summary: "How many hosts are how, by org and in all" },
    description:
      "Counted anew after a second, or after four times as long as counting took.",
    ...{ allows: "viewer", scope: "own" },
    query: FleetQuery,
    answers: { 200: { description: "The most first", schema: FleetOut } },
    problems: [404],
    handle: async ({ caller, query: { org } }) => {
      if (org !== undefined) mustBeOwnOrg(caller, org, ports);
      const counts = await ports.fleet.counts();
      return answer(200, summaries.of(counts, caller.org ?? org ?? null));
    },
  }),
];
