import type { Config } from "../../config/config.js";
import type { AgentEvents } from "../../events/events.js";
import { anyAnswers, lostAmong } from "../../host/reachability.js";
import type { Ledger } from "../../ledger/ledger.js";
import type { Trial, TrialTerms } from "../../ledger/trials.js";
import { printable } from "../../log/printable.js";
import type { Protection } from "../../protect/protection.js";
import { limits } from "../../protocol/limits.js";
import type { Fact } from "../../protocol/statement.js";
import type { BanClock } from "../../runtime/clock.js";
import { Lifetime } from "../../runtime/lifetime.js";
import { schedule } from "../../runtime/schedule.js";
import { wirePosition } from "../ban/receipts.js";
import type { ReconcileRetries } from "../reconcile/retries.js";
import { HealthProbes } from "./health-probes.js";
import { TrialWatch } from "./trial-watch.js";

export interface TrialPorts {
  readonly config: Pick<Config, "guard">;
  readonly ledger: Ledger;
  readonly clock: BanClock;
  readonly protection: Pick<Protection, "facts">;
  readonly enforcement: Pick<ReconcileRetries, "enforceSoon">;
  readonly events: AgentEvents;
  /** The date of the cloud's newest signed word, by the clock that never jumps. */
  readonly heardAt: () => number;
  readonly flowsBegunHere: () => Promise<number>;
  /** How many of those bans have cut, since the agent started. */
  readonly flowsCut: () => number;
  /** Bans are to be told what became of their trials. */
  readonly settled: () => Promise<void>;
  /** The device is to state how a change that was on trial ended. */
  readonly state: (fact: Fact) => void;
  /** A change was taken back: the cloud is to know. */
  readonly failed: (what: string) => void;
  /** Nothing is decided, and the kernel ends what is on trial. */
  readonly idle: boolean;
}

/** Watches what is on trial, and how this host does while nothing is. */
export function startTrials(ports: TrialPorts): Trials {
  const { ledger, clock, protection, enforcement, events } = ports;
  const probes = new HealthProbes({
    lostAmong,
    anyAnswers,
    flowsBegunHere: ports.flowsBegunHere,
    flowsCut: ports.flowsCut,
    gateways: () => protection.facts.gateways,
    resolvers: () => protection.facts.resolvers,
  });
  const lifetime = new Lifetime();
  const watch = lifetime.own(
    new TrialWatch({
      ledger,
      clock,
      events,
      signs: probes,
      seconds: ports.config.guard.trial.seconds,
      heardAt: ports.heardAt,
      settled: ports.settled,
      ended: (trial, why) => ports.state(endOf(trial, why, ledger)),
      failed: ports.failed,
      enforceSoon: () => enforcement.enforceSoon(),
    }),
  );
  const look = async () => {
    watch.look();
    if (watch.trials.length > 0) return;
    await probes.look().catch((error: unknown) => events.signsUnread(error));
  };
  if (!ports.idle) {
    if (watch.resume()) void enforcement.enforceSoon();
    void look();
    lifetime.own(schedule({ everyMs: LOOK_EVERY_MS }, look));
  }
  return {
    watch,
    [Symbol.asyncDispose]: () => lifetime[Symbol.asyncDispose](),
  };
}

/** With where it led to, if nothing of the feed has come after it. */
function endOf(
  { feed, revision, bans }: Trial,
  why: readonly string[] | "passed",
  ledger: Pick<Ledger, "newestOutcome" | "position">,
): Fact {
  const isNewest = ledger.newestOutcome(feed)?.revision === revision;
  const at = isNewest ? ledger.position(feed) : undefined;
  const position = at && { position: wirePosition(at) };
  const trial = { feed, revision, bans, ...position };
  if (why === "passed") return { what: "trial-passed", ...trial };
  const lines = why.map((line) => printable(line, LONGEST_WHY));
  const told = lines.slice(0, limits.statementReasons);
  return { what: "trial-failed", ...trial, why: told };
}

/** Of a line in a statement. */
const LONGEST_WHY = 128;

export interface Trials extends AsyncDisposable {
  readonly watch: TrialWatch;
}

/** Which changes this host tries first. */
export const trialTerms = ({ guard }: Config): TrialTerms => {
  const { seconds, mostAtOnce, prefix } = guard.trial;
  const isWide: TrialTerms["isWide"] = (cidr) =>
    cidr.prefix < prefix[cidr.family];
  return { seconds, mostAtOnce, isWide };
};

const LOOK_EVERY_MS = 10_000;
