import type { Logger } from "../../agent/log/logger.js";
import type { Cidr } from "../../agent/model/cidr.js";
import { unixSeconds, type Clock } from "../../agent/runtime/clock.js";
import type { Lifetime } from "../../agent/runtime/lifetime.js";
import { EVERYBODYS } from "../feeds/audience.js";
import type { FeedIndex } from "../feeds/feed-index.js";
import type { Present } from "../feeds/snapshots/present.js";
import type { SnapshotWorker } from "../feeds/snapshots/snapshot-worker.js";
import type { Decisions } from "../journal/decisions.js";
import type { SqliteObservations } from "../journal/sqlite-observations.js";
import type { Views } from "../journal/view.js";
import type { PolicyHolds } from "../policies/policy-holds.js";
import { Turns } from "../rate/turns.js";
import type { Registry } from "../registry/registry.js";
import { Looker } from "../rules/looker.js";
import { RuleBook } from "../rules/rule-book.js";
import { builtIn } from "../rules/rule-set.js";
import { Shadow } from "../rules/shadow.js";
import { Trials } from "../rules/trial.js";
import { PastDetections } from "../telemetry/past-detections.js";
import type { Telemetry } from "../telemetry/telemetry.js";
import { EvidenceReader } from "../telemetry/evidence-reader.js";
import type { CorrelationSettings } from "./correlation-settings.js";
import { Correlator } from "./correlator.js";
import type { DecisionLog } from "./decision-log.js";
import type { Deeds } from "./deeds.js";
import { Earlier } from "./earlier.js";
import { NeverList } from "./never.js";
import { Peers } from "./peers.js";
import { Proposals } from "./proposals.js";
import { Rule } from "./rule.js";
import { RuleChanges } from "./rule-changes.js";
import { Shares } from "./shares.js";
import type { UndoLog } from "./undo-log.js";
import type { UndoOrders } from "./undo-orders.js";
import { Vetoes } from "./vetoes.js";
import { Weights } from "./weights.js";

/** What rules need of the rest of the cloud. */
export interface RulesPorts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly settings: CorrelationSettings;
  /** For what only rules ask. */
  readonly views: Views;
  readonly decisions: Decisions;
  readonly observations: Pick<SqliteObservations, "subscribe" | "level">;
  readonly telemetry: Telemetry;
  readonly registry: Registry;
  readonly decisionLog: DecisionLog;
  readonly deeds: Deeds;
  readonly present: Pick<Present, "look">;
  readonly index: Pick<FeedIndex, "segmentsAfter" | "standings">;
  readonly policyHolds: PolicyHolds;
  readonly undoLog: UndoLog;
  readonly undos: UndoOrders;
  readonly state: Pick<SnapshotWorker, "coveredUntil" | "holding">;
  /** Who carries out what a second person has released. */
  readonly changes: {
    set(of: string, kind: Pick<RuleChanges, "carryOut">): unknown;
  };
  /** The operator's file of what no rule may ban. */
  readonly neverList: string;
}

/** What decides by itself, from what the agents report, and what it shows. */
export type Rules = ReturnType<typeof openRules>;

/** @throws BadNeverList */
export function openRules(ports: RulesPorts, opened: Lifetime) {
  const { views, settings, clock, decisionLog: spent } = ports;
  const never = new NeverList(ports.neverList);
  never.check();
  const shares = new Shares(spent, settings, clock);
  const peers = new Peers(views.observed, clock);
  const proposals = new Proposals(views.decided, ports);
  const weighing = { ...ports, never, peers, proposals };
  const vetoes = new Vetoes(views.observed, weighing);
  const weights = new Weights(views, settings, clock);
  const earlier = new Earlier(views.decided);
  const book = opened.own(
    new RuleBook(views.decided, { ...ports, builtIn: builtIn(settings) }),
  );
  ports.changes.set("rules", new RuleChanges(book));
  const asked = { ...questionsTo(ports), weights, earlier, book };
  const turns = new Turns(clock);
  const evidence = new EvidenceReader(views.observed, ports.registry);
  const looker = new Looker({ ...ports, ...asked, turns, evidence });
  const past = new PastDetections(views.observed);
  const rooms = { ...ports, ...asked, never, vetoes, past };
  const shadow = opened.own(openShadow(rooms));
  const rule = new Rule({ ...rooms, spent, shares, proposals });
  const correlator = opened.own(
    new Correlator({ ...rooms, turns, looker, shares, rule, shadow }),
  );
  const trials = openTrials(rooms);
  const shown = { book, shadow, earlier, trials };
  return { correlator, proposals, peers, weights, ...shown };
}

/** What everybody's feeds and lists hold. */
const questionsTo = ({ clock, state }: RulesPorts) => ({
  coveredUntil: (range: Cidr) => state.coveredUntil(EVERYBODYS, range),
  listed: (range: Cidr, lists: readonly string[]) => {
    const now = unixSeconds(clock.now());
    return state.holding({ feeds: EVERYBODYS, lists, range, now });
  },
});

interface Rooms extends RulesPorts, ReturnType<typeof questionsTo> {
  readonly weights: Weights;
  readonly book: RuleBook;
  readonly never: NeverList;
  readonly vetoes: Vetoes;
  readonly past: PastDetections;
}

const openShadow = (rooms: Rooms): Shadow =>
  new Shadow({
    ...rooms,
    seen: () => rooms.observations.level,
    veto: (attacker, range) => {
      const veto = vetoOn(rooms, attacker, range);
      return typeof veto === "object" ? veto.why : (veto ?? null);
    },
  });

function openTrials(rooms: Rooms): Trials {
  const { settings, registry, telemetry } = rooms;
  return new Trials({
    ...rooms,
    maxPerMinute: settings.maxPerMinute,
    isTrusted: (agent) => registry.agent(agent)?.revokedAt === null,
    veto: (attacker, range) => vetoOn(rooms, attacker, range),
    callers: (range) => telemetry.callers(range),
  });
}

const vetoOn = (
  { never, vetoes }: Pick<Rooms, "never" | "vetoes">,
  attacker: string,
  range: Cidr,
) =>
  never.exempts(range) === "special" ? "special" : vetoes.on(attacker, range);
