import { FOREVER } from "../../agent/model/ban.js";
import { timeText } from "../../agent/text/time.js";
import type { DecisionEvent } from "../journal/decision-events.js";

type Kind = DecisionEvent["kind"];
type Of<K extends Kind> = Extract<DecisionEvent, { readonly kind: K }>;

/** What an event did, in a few words. */
export function wordsOf(event: DecisionEvent): string {
  const say = words[event.kind] as
    ((event: DecisionEvent) => string) | undefined;
  if (say !== undefined) return say(event);
  const of = subjectOf(event);
  const what = event.kind.replaceAll("-", " ");
  return of === null ? what : `${what} ${of}`;
}

/** Id of what the event is about; null where it has none. */
export function subjectOf(event: DecisionEvent): string | null {
  const fields = event as unknown as Readonly<Record<string, unknown>>;
  for (const name of SUBJECTS) {
    const value = fields[name];
    if (typeof value === "string") return value;
  }
  return null;
}

const SUBJECTS = [
  ...(["decision", "proposal", "glass", "contest", "credential"] as const),
  ...(["agent"] as const),
  ...(["operator", "org", "feed"] as const),
] as const;

const words: { readonly [K in Kind]?: (event: Of<K>) => string } = {
  decided: (event) => {
    const { action, ranges, feed, until, lifts, decision } = event;
    const what = `${DONE[action]} ${ranges} ${ranges === 1 ? "range" : "ranges"}`;
    const more = lifts === undefined ? "" : `, and lifted ${lifts}`;
    const seen = event.observed === true ? ", only observed" : "";
    return `${what} in ${feed}${untilText(until)}${seen}${more} (${decision})`;
  },
  undone: ({ undoes, wrong }) =>
    `undid ${undoes}${wrong ? ", and found it wrong" : ""}`,
  "proposal-settled": ({ proposal, verdict, wrong }) =>
    `${verdict} ${proposal}${wrong ? ", and found it wrong" : ""}`,
  approval: ({ feed, version }) => `approval ${version} of ${feed}`,
  "policy-published": ({ org, version, held, unheld }) => {
    const what = `policy ${version} of ${org}`;
    if (held !== undefined) return `${what}, which holds ${held}`;
    return unheld === undefined ? what : `${what}, which unholds ${unheld}`;
  },
  "org-added": ({ org, name }) => `added org ${org}, ${name}`,
  "feed-begun": ({ feed }) => `began feed ${feed}`,
  "token-made": ({ org, expiresAt, mode, uses = 1 }) => {
    const hosts = uses === 1 ? "" : ` for ${uses} hosts,`;
    const proposes = mode === undefined ? "" : ` that proposes to ${mode},`;
    return `made an enrolment token of ${org}${hosts}${proposes} until ${timeText(expiresAt)}`;
  },
  "token-revoked": () => "revoked an enrolment token",
  "agent-revoked": ({ agent }) => `revoked ${agent}`,
  "agent-forgotten": ({ agent }) => `forgot ${agent}`,
  "clones-cleared": ({ agent }) => `cleared the clones of ${agent}`,
  "operator-joined": ({ operator, name, role, org }) =>
    `let in ${name} as ${role} of ${org ?? "the vendor"} (${operator})`,
  "operator-changed": (event) => `changed ${event.operator}: ${changes(event)}`,
  "credential-added": (event) =>
    `gave ${event.operator} a ${event.of} (${event.credential})`,
  "credential-revoked": ({ credential }) => `revoked ${credential}`,
  "org-vouched": ({ org, expiresAt }) =>
    `vouched for ${org} until ${timeText(expiresAt)}`,
  "contest-invited": ({ address }) => `gave out a code for ${address}`,
  "contest-opened": ({ contest, address }) =>
    `contested the bans on ${address} (${contest})`,
  "contest-answered": ({ contest, verdict }) => `${verdict} ${contest}`,
  "vouch-withdrawn": ({ org }) => `withdrew the vouch for ${org}`,
};

const DONE = { ban: "banned", lift: "lifted", import: "imported" } as const;

function untilText(until: number | undefined): string {
  if (until === undefined) return "";
  return until >= FOREVER ? " for ever" : ` until ${timeText(until * 1_000)}`;
}

function changes({
  kind: _,
  operator: __,
  by: ___,
  reason: ____,
  ...changed
}: Of<"operator-changed">): string {
  return Object.entries(changed)
    .map(
      ([name, value]) =>
        `${name} ${typeof value === "string" ? value : JSON.stringify(value)}`,
    )
    .join(", ");
}
