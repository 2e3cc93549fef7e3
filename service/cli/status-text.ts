import { printable } from "../../agent/log/printable.js";
import { countText, numberText } from "../../agent/text/count.js";
import { spanText } from "../../agent/text/time.js";
import type { FeedView } from "../control/feed-views.js";
import type { StatusView } from "../control/status-view.js";
import { table } from "../terminal/table.js";
import { policyDetails } from "./policy-text.js";
import { momentText } from "../terminal/when.js";

/** All that the agent knows of itself. */
export function wholeText(status: StatusView, now: number): string {
  const { verdict, identity, upkeep } = status;
  const { audit } = upkeep;
  const lines = [
    `${verdict.text}${sinceText(status)}`,
    ...adviceOf(status),
    `cloud: ${cloudText(status, now)}`,
    ...carriedLines(status, now),
    ...(identity === null ? [] : [enrolledText(identity), logText(status)]),
    ...policyDetails(status.policy),
    `stopped: ${stoppedText(status)}`,
    ...sensorDetails(status),
    ...problemsOf(status, now).map((each) => `! ${each}`),
    ...proofLines(status),
    ...sessionLines(status),
    `audit: ${countText(audit.checked, "ban")} looked up, ${countText(audit.found, "difference")} found; ${countText(upkeep.healed, "disturbance")} put right since the start`,
    `protected: ${protectedText(status)}`,
    `kernel: revision ${status.kernel.revision ?? "none"}, ledger: ${status.ledger.revision}`,
    `memory: ${status.memoryMb} MB, version ${status.version}`,
  ];
  const head = ["feed", "at", "in force", "observed", "held"];
  return [...lines, "", table(head, status.feeds.map(feedRow))].join("\n");
}

const enrolledText = (identity: NonNullable<StatusView["identity"]>): string =>
  `enrolled: ${printable(identity.agent)} of org ${printable(identity.org)}, with ${printable(identity.cloud)} at ${printable(identity.url)}`;

const feedRow = (view: FeedView): readonly string[] => [
  view.feed,
  `${view.epoch}/${view.offset}`,
  ...[view.bans, view.observed, view.held].map(numberText),
];

const sinceText = ({ verdict }: StatusView): string =>
  verdict.does === "enforcing" ? ` since ${momentText(verdict.since)}` : "";

/** What may be done about the first finding. */
const adviceOf = ({ verdict }: StatusView): readonly string[] =>
  verdict.findings.slice(0, 1).flatMap(({ advice }) => adviceLine(advice));

const adviceLine = (advice: string | null): readonly string[] =>
  advice === null ? [] : [`  ${advice}`];

/** Of the cloud of a host that has none. */
export const STANDS_ALONE = "stand-alone: no cloud";

function cloudText({ cloud }: StatusView, now: number): string {
  if (cloud.at === "none") return STANDS_ALONE;
  const lasts = spanText(now - Date.parse(cloud.since));
  if (cloud.at === "up") {
    return `connected to ${cloud.address ?? "?"} since ${momentText(cloud.since)}`;
  }
  const why = printable(cloud.why ?? "?");
  const tried =
    cloud.tried === null ? "" : `; tried last ${momentText(cloud.tried)}`;
  const wait =
    cloud.next === null ? 0 : Math.max(0, Date.parse(cloud.next) - now);
  const next = cloud.next === null ? "" : `, next in ${spanText(wait)}`;
  return `not connected for ${lasts}, since ${momentText(cloud.since)} (${why})${tried}${next}; bans stay in force until they expire`;
}

/** Where no link goes, this is how old the cloud's word is. */
function carriedLines({ carried }: StatusView, now: number): readonly string[] {
  if (carried === null) return [];
  const age = spanText(now - Date.parse(carried.madeAt));
  return [
    `carried: a bundle of ${momentText(carried.madeAt)}, ${age} old, was applied ${momentText(carried.appliedAt)}`,
  ];
}

function logText({ log: { head } }: StatusView): string {
  if (head === null) return "cloud's log: no signed head was seen yet";
  const { origin, leaves, good } = head;
  return `cloud's log: it only grew until ${momentText(good)}, to ${numberText(leaves)} leaves (${printable(origin)})`;
}

const stoppedText = ({ hits }: StatusView): string =>
  `${countText(hits.packets, "packet")}, ${countText(hits.bytes, "byte")}`;

/** Whether each sensor gets anything, and knows what it reads. */
const sensorDetails = ({ sensors }: StatusView): readonly string[] =>
  sensors.map(
    ({ name, source, newest, ...counts }) =>
      `sensor: ${printable(name)} reads ${printable(source)}: ${countText(counts.lines, "line")}, ${numberText(counts.ofService)} of ${name}, ${numberText(counts.understood)} understood, ${countText(counts.failures, "failure")}; the newest ${newest === null ? "has not come yet" : momentText(newest)}`,
  );

/** Each with what to do about it, the gravest first. */
export function problemsOf(status: StatusView, now: number): readonly string[] {
  const { verdict, upkeep, trials, uncovered, log } = status;
  return [
    ...upgradeText(status),
    ...configurationText(status),
    ...verdict.findings
      .slice(1)
      .map(({ text, advice }) =>
        advice === null ? text : `${text}; ${advice}`,
      ),
    ...(upkeep.contested === null
      ? []
      : [`CONTESTED: ${printable(upkeep.contested)} keeps undoing the bans`]),
    ...(log.forked === null
      ? []
      : [
          `LOG FORKED: ${printable(log.forked.origin)}: ${printable(log.forked.what)}, at ${momentText(log.forked.at)}; what is in force stays`,
        ]),
    ...uncovered.map((way) => `NOT COVERED: ${printable(way)}`),
    ...[...byFeed(trials)].map(([feed, each]) => trialText(feed, each, now)),
  ];
}

/** Of an earlier agent it is not there. */
const configurationText = ({ configuration }: StatusView): readonly string[] =>
  configuration
    ? [
        `CONFIGURATION REFUSED: ${printable(configuration.refused, 400)}; what counted on ${momentText(configuration.lastGood)} goes on to count; mend it, then: sudo systemctl reload tourniquet`,
      ]
    : [];

/** The former program runs on; of an earlier agent it is not there. */
function upgradeText({ upgrade, version }: StatusView): readonly string[] {
  if (!upgrade) return [];
  const { since, why } = upgrade;
  if (upgrade.version === null || since === null) {
    return [
      `UPGRADE NOT FINISHED: version ${printable(version)} runs until it is: dpkg --configure -a`,
    ];
  }
  return [
    `UPGRADE FAILED: version ${printable(upgrade.version)} did not become healthy (${printable(why)}), and ${printable(version)} runs again since ${momentText(since)}; another try: dpkg --configure tourniquet`,
  ];
}

type Trials = StatusView["trials"];

/** One order may be many of them. */
function byFeed(trials: Trials): ReadonlyMap<string, Trials> {
  const found = new Map<string, Trials>();
  for (const trial of trials) {
    found.set(trial.feed, [...(found.get(trial.feed) ?? []), trial]);
  }
  return found;
}

/** What may yet be taken back. */
function trialText(feed: string, trials: Trials, now: number): string {
  const bans = trials.reduce((sum, trial) => sum + trial.bans, 0);
  const ends = Math.min(...trials.map(({ until }) => Date.parse(until)));
  const missing = new Set(trials.flatMap((trial) => trial.missing));
  const lacks = [...missing].map((each) => printable(each)).join(", ");
  const unless = lacks === "" ? "the cloud is heard of" : `this ends: ${lacks}`;
  return `on trial: ${countText(bans, "ban")} of ${feed}, taken back in ${spanText(ends - now)} unless ${unless}`;
}

/** Whether packets were seen to be stopped. */
function proofLines({ proof }: StatusView): readonly string[] {
  if (proof === null) return [];
  return proof.latest.map(({ address, at, outcome, why }) => {
    const packet = `a packet to ${address}`;
    const when = momentText(at);
    switch (outcome) {
      case "failed":
        return `NOT PROVEN: ${packet} went on its way at ${when}`;
      case "unproven":
        return `not tried: ${packet} at ${when}: ${printable(why ?? "?")}`;
      default:
        return `proof: ${packet} was ${outcome} at ${when}`;
    }
  });
}

/** What became of the open sessions of banned addresses. */
function sessionLines({ sessions }: StatusView): readonly string[] {
  if (sessions === null) return [];
  const { sockets, flows, outOfReach, lastFailure } = sessions;
  return [
    `cut: ${countText(sockets, "socket")}, ${countText(flows, "tracked connection")}`,
    ...outOfReach.map((each) => `cannot cut ${each}`),
    ...(lastFailure
      ? [
          `not cut at ${momentText(lastFailure.at)}: ${printable(lastFailure.why)}`,
        ]
      : []),
  ];
}

function protectedText({ protected: known }: StatusView): string {
  const { own, gateways, cloud } = known;
  const all = new Set([...own, ...gateways, ...cloud]);
  return all.size === 0 ? "nothing" : [...all].join(", ");
}
