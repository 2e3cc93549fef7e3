import type { Logger } from "../../agent/log/logger.js";
import type { Cidr } from "../../agent/model/cidr.js";
import type { Clock } from "../../agent/runtime/clock.js";
import type { Decisions } from "../journal/decisions.js";
import type { Observations } from "../journal/observations.js";
import type { Views } from "../journal/view.js";
import type { Registry } from "../registry/registry.js";
import type { Telemetry } from "../telemetry/telemetry.js";
import type { CorrelationSettings } from "./correlation-settings.js";
import { Correlator } from "./correlator.js";
import type { DecisionLog } from "./decision-log.js";
import type { Deeds } from "./deeds.js";
import { NeverList } from "./never.js";
import { Peers } from "./peers.js";
import { Proposals } from "./proposals.js";
import { Rule } from "./rule.js";
import { Shares } from "./shares.js";
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
  readonly observations: Pick<Observations, "subscribe">;
  readonly telemetry: Telemetry;
  readonly registry: Registry;
  readonly decisionLog: DecisionLog;
  readonly deeds: Deeds;
  /** The operator's file of what no rule may ban. */
  readonly neverList: string;
  coveredUntil(range: Cidr): Promise<number>;
}

/** What decides by itself, from what the agents report, and what it shows. */
export interface Rules {
  readonly correlator: Correlator;
  readonly proposals: Proposals;
  readonly peers: Peers;
  readonly weights: Weights;
}

/** @throws BadNeverList */
export function openRules(ports: RulesPorts): Rules {
  const { views, settings, clock, decisionLog: spent } = ports;
  const { decided, observed } = views;
  const never = new NeverList(ports.neverList);
  never.check();
  const shares = new Shares(spent, settings, clock);
  const weights = new Weights(views, settings, clock);
  const peers = new Peers(observed, clock);
  const proposals = new Proposals(decided, ports);
  const vetoes = new Vetoes(observed, { ...ports, never, peers, proposals });
  const rule = new Rule({
    ...ports,
    ...{ spent, weights, shares, never, vetoes, proposals },
    coveredUntil: (range) => ports.coveredUntil(range),
  });
  const correlator = new Correlator({ ...ports, shares, rule });
  return { correlator, proposals, peers, weights };
}
