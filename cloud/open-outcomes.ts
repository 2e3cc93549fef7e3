import { parseCidr, type Cidr } from "../agent/model/cidr.js";
import { isOfGroup, type FeedName } from "../agent/model/position.js";
import type { RingTimes } from "../agent/model/rings.js";
import { openSegment, readOps } from "../agent/protocol/segment.js";
import type { Clock } from "../agent/runtime/clock.js";
import type { Contests } from "./contest/contests.js";
import { Coverage } from "./coverage/coverage.js";
import { BrowseGate } from "./feeds/catalogue/browse-gate.js";
import { ExportPlaces } from "./feeds/catalogue/export-places.js";
import { CoverageGate } from "./coverage/coverage-gate.js";
import { Guarded } from "./coverage/guarded.js";
import {
  whyOf,
  type ContestOn,
  type Viewer,
  type Why,
} from "./coverage/why.js";
import type { DecisionEntry } from "./decide/decision-log.js";
import { isUndone } from "./decide/undo-lineage.js";
import { isFor } from "./feeds/audience.js";
import { ListGate } from "./rate/list-gate.js";
import type { FeedIndex } from "./feeds/feed-index.js";
import type { Gateway } from "./gateway/gateway.js";
import { HeldByPolicy } from "./receipts/held-by-policy.js";
import { Outcomes } from "./receipts/outcomes.js";
import type { Store } from "./store.js";

/** What became of decisions, host by host, and who holds them in sum. */
export function openOutcomes(
  { clock }: { readonly clock: Clock },
  store: Store,
  gateway: Gateway,
): Told {
  const { views, registry, telemetry, statements, index } = store;
  const policyOf = (agent: string) => store.receipts.policyOf(agent);
  const outcomes = new Outcomes(views.observed, {
    clock,
    level: () => store.decisions.level + store.observations.level,
    agentsAfter: (...asked) => registry.agentsAfter(...asked),
    follows: (agent, feed) =>
      isOfGroup(feed)
        ? isFor(agent.org, feed) && store.followedBy(agent).includes(feed)
        : isFor(agent.org, feed),
    regroupedAt: (agent) => store.policies.regroupedAt(agent),
    isConnected: (agent) => gateway.isConnected(agent),
    heardAt: (agent) => gateway.heardAt(agent),
    takenBack: (...asked) => telemetry.takenBack(...asked),
    trialEnds: (tried) => statements.trialEnds(tried),
    notEnforcing: () => telemetry.standing("not-enforcing"),
    ringsOf: (decision) => ringsOf(decision, index),
    heldByPolicy: () => new HeldByPolicy(views.decided, { policyOf, clock }),
  });
  const epochOf = (feed: FeedName) => index.standing(feed)?.epoch;
  const stands = (decision: DecisionEntry) => standsOf(decision, store);
  const coverage = new Coverage({ outcomes, epochOf, stands, clock });
  const guarded = new Guarded(views.observed, registry);
  const why: Told["why"] = (range, viewer) =>
    whyOf(range, viewer, {
      ...{ coverage, clock },
      bans: (query) => store.state.bans(query),
      naming: (...asked) => store.present.naming(...asked),
      decision: (id) => store.decisionLog.decision(id),
      sightings: (query) => telemetry.sightings(query),
      detections: (query) => telemetry.detections(query),
      guarded: (...asked) => guarded.by(...asked),
      contests: (address) => contestsOn(address, store.contests),
    });
  const gates = {
    coverageGate: new CoverageGate(),
    listGate: new ListGate(),
    browseGate: new BrowseGate(),
    exportPlaces: new ExportPlaces(),
  };
  return { outcomes, coverage, why, ...gates };
}

/** What is told of decisions, and of whom they are about. */
interface Told {
  readonly outcomes: Outcomes;
  readonly coverage: Coverage;
  readonly coverageGate: CoverageGate;
  readonly listGate: ListGate;
  readonly browseGate: BrowseGate;
  readonly exportPlaces: ExportPlaces;
  why(range: Cidr, viewer: Viewer): Promise<Why>;
}

const contestsOn = (
  address: string,
  contests: Pick<Contests, "on">,
): readonly ContestOn[] =>
  contests.on(address).map(({ answered, ...contest }) => ({
    ...contest,
    verdict: answered?.verdict ?? null,
  }));

/** Of a list, or of more ranges than a decision names, undos alone tell it. */
async function standsOf(
  { decision, action, feed, targets, ranges }: DecisionEntry,
  { present, undoLog }: Pick<Store, "present" | "undoLog">,
): Promise<boolean | undefined> {
  if (isUndone(undoLog, decision)) return false;
  if (action === "import" || targets.length !== ranges) return undefined;
  const look = await present.look([feed]);
  if (look === undefined) return undefined;
  const bans = targets.map((range) => look.exact(feed, parseCidr(range)));
  return action === "lift"
    ? bans.includes(undefined)
    : bans.some((ban) => ban?.decision === decision);
}

/** Those of its first ban that has some: an order's bans go in the same rings. */
function ringsOf(
  { feed, epoch, first }: DecisionEntry,
  index: Pick<FeedIndex, "segmentsAfter">,
): RingTimes | undefined {
  if (epoch === null || first === null) return undefined;
  const at = { feed, epoch, offset: first - 1 };
  const [segment] = index.segmentsAfter(at, 1);
  if (segment === undefined) return undefined;
  for (const op of readOps(openSegment(segment.bytes))) {
    if (op.op === "ban" && op.rings !== undefined) return op.rings;
  }
  return undefined;
}
