import { carriesOut } from "../coverage/tally.js";
import type { HostState } from "../receipts/host-outcome.js";
import type {
  DecisionItem,
  DecisionTold,
  OutcomeTold,
} from "./ask-decisions.js";
import { table } from "./tables.js";
import type { Told } from "./told-bans.js";
import { counted, few, grouped, momentOf, spanText } from "./words.js";

/** Host by host what became of a decision, and how many of them carry it out. */
export function toldHosts(
  { decision, hosts }: DecisionTold,
  now: number,
): Told {
  if (hosts.length === 0) {
    const message = `no host follows ${decision.feed} yet: nobody carries it out`;
    return { out: [], err: [], failure: { message, exitCode: 1 } };
  }
  const sorted = [...hosts].sort(byNeed);
  const rows = sorted.map((host) => [
    host.hostname,
    host.agent,
    resultText(host, decision, now),
    host.enforcedMs?.toFixed(1) ?? "",
  ]);
  const done = hosts.filter((host) => isDone(host, decision));
  const on = `${doneText(decision)} on ${grouped(done.length)} of ${counted(hosts.length, "host")}`;
  const missing = sorted
    .filter((host) => !isDone(host, decision))
    .map((host) => `${host.hostname} (${shortText(host)})`);
  const named = few(missing, MOST_NAMED).join(", ");
  const message = missing.length === 0 ? on : `${on}; missing: ${named}`;
  const head = ["host", "agent", "result", "ms"];
  if (missing.length === 0) {
    return { out: [table(head, rows), message], err: [], failure: undefined };
  }
  const exitCode = done.length === 0 ? 1 : 3;
  return { out: [table(head, rows)], err: [], failure: { message, exitCode } };
}

const MOST_NAMED = 10;

/** Whether nothing more is to be expected of it soon. */
export const isSettled = (
  { state, offlineSince }: OutcomeTold,
  now: number,
): boolean =>
  state !== "waiting" &&
  (state !== "offline" || now - timeOf(offlineSince) > RETURNING_MS);

/** Milliseconds since 1970; 0 for what never was. */
const timeOf = (moment: string | null): number =>
  moment === null ? 0 : Date.parse(moment);

/** Longer than agents take to come back to a cloud that was restarted. */
const RETURNING_MS = 60_000;

const isDone = ({ state }: OutcomeTold, decision: DecisionItem): boolean =>
  carriesOut(state, decision);

function doneText({ action, observed }: DecisionItem): string {
  if (action === "lift") return "lifted";
  return observed ? "observed" : "in force";
}

export function resultText(
  host: OutcomeTold,
  decision: DecisionItem,
  now: number,
): string {
  const { state, detail, held } = host;
  if (state === "observed") return observedText(decision, detail);
  if (state === "offline") return offlineText(host, now);
  return {
    "in-force": doneText(decision),
    "on-trial": `on trial ${detail}`,
    "taken-back": `taken back: ${detail}`,
    held: `held by ${heldText(held)}`,
    "held-in-part": `in force in part; held by ${heldText(held)}`,
    passed: "taken in; its receipt is of a later change",
    refused: `refused: ${detail}`,
    waiting: "no answer yet",
    ring: `waits for its ring ${detail}`.trimEnd(),
    released: `released by its operator ${detail}`.trimEnd(),
    "rolled-back": "rolled back by its operator",
    "not-enforcing": `not enforcing: ${detail}`,
  }[state];
}

function observedText(
  { action, observed }: DecisionItem,
  paused: string,
): string {
  if (action === "lift") return "lifted";
  if (observed) return "observed";
  const until = paused === "" ? "" : `, paused ${paused}`;
  return `observed only: the host drops nothing${until}`;
}

const offlineText = ({ offlineSince: since }: OutcomeTold, now: number) =>
  since === null
    ? "not reached: never seen"
    : `not reached: offline for ${spanText(now - timeOf(since))}, since ${momentOf(since)}`;

function shortText({ state, offlineSince, held }: OutcomeTold): string {
  if (state === "held" || state === "held-in-part") {
    return `held by ${heldText(held)}`;
  }
  if (state !== "offline") return SHORT[state];
  return offlineSince === null
    ? "never seen"
    : `offline since ${momentOf(offlineSince)}`;
}

const SHORT: Readonly<Record<HostState, string>> = {
  "in-force": "in force",
  observed: "observes only",
  "on-trial": "on trial",
  "taken-back": "taken back",
  held: "held",
  "held-in-part": "held in part",
  passed: "taken in",
  refused: "refused",
  waiting: "no answer yet",
  offline: "offline",
  ring: "waits for its ring",
  released: "released there",
  "rolled-back": "rolled back there",
  "not-enforcing": "not enforcing",
};

const heldText = (held: Readonly<Record<string, number>>): string =>
  Object.entries(held)
    .map(([rule, count]) =>
      count === 1 ? rule : `${rule} (${grouped(count)})`,
    )
    .join(", ");

/** What is not as it was meant comes first. */
export const byNeed = (a: OutcomeTold, b: OutcomeTold): number =>
  ORDER.indexOf(a.state) - ORDER.indexOf(b.state) ||
  a.hostname.localeCompare(b.hostname);

const ORDER: readonly HostState[] = [
  ...(["offline", "waiting", "refused", "taken-back", "held"] as const),
  ...(["not-enforcing", "rolled-back", "released", "ring"] as const),
  ...(["held-in-part", "observed", "on-trial", "passed", "in-force"] as const),
];
