import * as v from "valibot";
import { overs, type Covered } from "../../coverage/coverage.js";
import type { Caller } from "../../operators/caller.js";
import { hostStates } from "../../receipts/host-outcome.js";
import { CloudFeed, Named, wholeNumber } from "../fields.js";
import type { OperatorApiPorts } from "../ports.js";
import { mustBeOwnOrg, mustBeReadable } from "../scope.js";
import { Cursor, Whole, cursorOf, pageOf } from "../table/answer.js";
import { answer, route, type Route } from "../table/route.js";
import { said } from "../table/said.js";
import { Decision, HostOutcome, asSeen, ownDecision } from "./decisions.js";

/** Hosts, and how many of them carry a decision out. */
export const share = {
  must: Whole,
  /** Those that do what was decided, all of it. */
  holding: Whole,
  /** Those whose guards hold some of it. */
  inPart: Whole,
  /** Those that have not answered. */
  missing: Whole,
};

/** Who holds a decision, of those that were enrolled then and not sent away. */
export const Coverage = v.object({
  decision: Decision,
  ...share,
  /** Of those that hold it: a document says so that the device signed. */
  proven: Whole,
  /** How many of them are in each state. */
  states: v.partial(v.object(v.entriesFromList(hostStates, Whole))),
  /** Hosts that came after the decision. */
  late: v.object(share),
  /** Hosts of that time that were sent away since. */
  revoked: Whole,
  /** From the decision to the receipt in the cloud's hands, in milliseconds. */
  times: v.nullable(
    v.object({
      ...{ p50: v.number(), p90: v.number(), p99: v.number() },
      max: v.number(),
    }),
  ),
  orgs: v.array(v.object({ org: v.string(), ...share })),
  /**
   * Why nobody holds it any more, whatever was answered; null: nothing is known to
   * have ended it.
   */
  over: v.nullable(v.picklist(overs)),
});

export const CoverageAnswer = v.object({
  coverage: Coverage,
  hosts: v.array(HostOutcome),
});

/** Each decision is looked up on all hosts. */
const MOST = 100;

const CoverageQuery = v.strictObject({
  limit: said(v.optional(wholeNumber(1, MOST), "20"), { default: 20 }),
  feed: v.optional(CloudFeed),
  /** The hosts of this org alone. */
  org: v.optional(Named),
  cursor: v.optional(Cursor(Whole)),
});

const OrgQuery = v.strictObject({ org: v.optional(Named) });

/** For each decision: who must hold it, who does, and who is missing. */
export const coverageRoutes = (ports: OperatorApiPorts): readonly Route[] => [
  route({
    ...{ method: "GET", path: "/coverage", operationId: "listCoverage" },
    ...{ tag: "Bans", summary: "Who holds what was decided, newest first" },
    ...{ allows: "viewer", scope: "own" },
    query: CoverageQuery,
    description: ASKED,
    answers: {
      200: { description: "One for each decision", schema: pageOf(Coverage) },
    },
    problems: [404],
    handle: async ({ caller, query, context }) => {
      const { signal } = context.req.raw;
      const page = await ports.coverageGate.run(caller, signal, () =>
        listed(caller, query, ports, signal),
      );
      return answer(200, page);
    },
  }),
  route({
    ...{ method: "GET", path: "/coverage/{decision}", tag: "Bans" },
    operationId: "getCoverage",
    summary: "Who holds a decision, host by host, and how sure that is",
    ...{ allows: "viewer", scope: "own" },
    query: OrgQuery,
    description: ASKED,
    answers: {
      200: { description: "As far as hosts said", schema: CoverageAnswer },
    },
    handle: async ({ caller, query, params: { decision = "" }, context }) => {
      const entry = ownDecision(caller, decision, ports);
      const org = hostsOf(caller, query.org, ports);
      const { signal } = context.req.raw;
      const { covered, hosts } = await ports.coverageGate.run(
        ...([caller, signal] as const),
        async () =>
          ports.coverage.of(entry, await ports.coverage.round(org, signal)),
      );
      return answer(200, { coverage: shown(covered, caller), hosts });
    },
  }),
];

const ASKED =
  "What hosts answered is as it is now; of more than 1,000 hosts, which there are is as it was some seconds ago at most.";

async function listed(
  caller: Caller,
  query: v.InferOutput<typeof CoverageQuery>,
  ports: OperatorApiPorts,
  signal: AbortSignal,
) {
  const { limit, feed, org, cursor: before } = query;
  if (feed !== undefined) mustBeReadable(caller, feed, ports);
  const whose = { by: undefined, feed, org: caller.org ?? undefined };
  const found = ports.decisionLog.decisions({ ...whose, limit, before });
  const round = await ports.coverage.round(hostsOf(caller, org, ports), signal);
  const covered = await ports.coverage.ofAll(found, round);
  const last = found.length === limit ? found.at(-1) : undefined;
  return {
    items: covered.map((each) => shown(each, caller)),
    next: last === undefined ? null : cursorOf(last.seq),
  };
}

/** Whose hosts are looked at: an org's people have but their own. */
function hostsOf(
  caller: Caller,
  org: string | undefined,
  ports: OperatorApiPorts,
): string | null {
  if (org !== undefined) mustBeOwnOrg(caller, org, ports);
  return org ?? caller.org;
}

const shown = ({ decision, ...covered }: Covered, caller: Caller) => ({
  ...covered,
  decision: asSeen(decision, caller),
});
