import type { Fields, Logger } from "../../agent/log/logger.js";
import type { CallMade } from "../journal/call-events.js";
import type {
  DecisionEvent,
  RecordedDecision,
} from "../journal/decision-events.js";
import type { Decisions } from "../journal/decisions.js";
import type { Danger } from "../journal/two-person-events.js";

/** One line for each thing that somebody decided, once it is durable. */
export const auditLines = (
  decisions: Pick<Decisions, "subscribe">,
  log: Logger,
): Disposable =>
  decisions.subscribe((news) => {
    for (const { called, made } of byCalls(news)) {
      const lines = made.flatMap(({ seq, event }) => {
        const line = lineOf(event);
        return line === undefined ? [] : [{ seq, line }];
      });
      for (const { seq, line } of lines) {
        const say = line.level ?? "info";
        log[say](line.what, { seq, ...line.fields, ...called?.fields });
      }
      if (called === undefined || lines.length > 0) continue;
      const { seq, fields } = called;
      log.info("an operator changed something", { seq, ...fields });
    }
  });

interface Called {
  readonly seq: number;
  readonly fields: Fields;
}

interface Append {
  readonly called: Called | undefined;
  readonly made: readonly RecordedDecision[];
}

/** What each call made; the rest is nobody's call. */
function byCalls(news: readonly RecordedDecision[]): readonly Append[] {
  const all: Append[] = [];
  for (let at = 0; at < news.length;) {
    const { seq, event } = news[at] as RecordedDecision;
    const isCall = event.kind === "call";
    const called = isCall ? { seq, fields: fieldsOf(event) } : undefined;
    const from = isCall ? at + 1 : at;
    const through = from + (isCall ? event.made : 1);
    all.push({ called, made: news.slice(from, through) });
    at = through;
  }
  return all;
}

const fieldsOf = ({ call, operation, name, from }: CallMade): Fields => ({
  ...{ call, operation, caller: name, from },
});

interface Line {
  readonly what: string;
  readonly fields: Fields;
  /** "info", unless it is to wake somebody. */
  readonly level?: "warn" | "error";
}

/** Undefined for what only follows from a decision. */
function lineOf(event: RecordedDecision["event"]): Line | undefined {
  switch (event.kind) {
    case "decided": {
      const { action, decision, feed, by, ranges, reason, observed } = event;
      const fields = { decision, feed, by, ranges, reason };
      return { what: whatOf(action), fields: { ...fields, observed } };
    }
    case "org-added":
      return line("an org was added", event, ["org", "name"]);
    case "token-made":
      return line("an enrolment token was made", event, [
        ...(["org", "by", "mode", "uses", "tags", "networks"] as const),
      ]);
    case "agent-enrolled":
      return line("a host was enrolled", event, ["agent", "org", "hostname"]);
    case "agent-rekeyed":
      return line("an agent has a new key", event, ["agent"]);
    case "agent-revoked":
      return line("an agent was revoked", event, ["agent", "by", "reason"]);
    case "agent-tagged":
      return line("an agent was tagged", event, ["agent", "tags", "by"]);
    case "clones-cleared":
      return line("an agent's clones were cleared", event, ["agent", "by"]);
    case "root-published":
      return line("a root came into force", event, ["version", "by"]);
    case "erased":
      return line("something was erased", event, ["of", "seq", "by", "why"]);
    case "feed-begun":
      return line("a feed began an epoch", event, ["feed", "epoch"]);
    default:
      return lineOfPeople(event);
  }
}

/** Of who works with the cloud, and what lets them, or hosts, in. */
function lineOfPeople(event: RecordedDecision["event"]): Line | undefined {
  switch (event.kind) {
    case "token-revoked":
      return line("an enrolment token was revoked", event, ["by", "reason"]);
    case "operator-joined":
      return line("an operator was added", event, [...WHO, ...MAY, "by"]);
    case "operator-changed":
      return line("an operator was changed", event, [
        ...(["operator", ...MAY, "disabled", "by", "reason"] as const),
      ]);
    case "credential-added":
      return line("an operator has a new credential", event, [
        ...(["operator", "credential", "of", "by"] as const),
      ]);
    case "policy-published":
      return line("a policy was published", event, [
        ...(["org", "version", "by", "held", "unheld"] as const),
      ]);
    case "credential-revoked":
      return line("an operator's credential was revoked", event, [
        ...(["credential", "by", "reason"] as const),
      ]);
    default:
      return lineOfTwo(event);
  }
}

/** Of what one person orders and another decides on, or looks at later. */
function lineOfTwo(event: RecordedDecision["event"]): Line | undefined {
  switch (event.kind) {
    case "order-proposed": {
      const { proposal, by, order, dangers } = event;
      const fields = { proposal, by, action: order.action };
      const what = "an order waits for a second person";
      return { what, fields: { ...fields, dangers: toldOf(dangers) } };
    }
    case "proposal-settled":
      return line("a proposal was settled", event, [
        ...([
          "proposal",
          "verdict",
          "wrong",
          "by",
          "reason",
          "decision",
        ] as const),
      ]);
    case "glass-broken": {
      const { glass, decision, action, feeds, by, why, dangers } = event;
      const fields = {
        glass,
        decision,
        action,
        feeds: feeds.join(" "),
        by,
        why,
      };
      const what =
        "the glass was broken: an order that takes two persons was carried out by one; somebody else has to review it";
      const told = { ...fields, dangers: toldOf(dangers) };
      return { what, fields: told, level: "error" };
    }
    case "glass-reviewed":
      return line("a broken glass was reviewed", event, [
        ...(["glass", "verdict", "by", "reason", "bySelf"] as const),
      ]);
    default:
      return lineOfWeights(event);
  }
}

/** Of whose word counts, and of who says that a ban is wrong. */
function lineOfWeights(event: RecordedDecision["event"]): Line | undefined {
  switch (event.kind) {
    case "org-vouched":
      return line("an org was vouched for", event, ["org", "by", "why"]);
    case "vouch-withdrawn":
      return line("a vouch was withdrawn", event, ["org", "by", "reason"]);
    case "contest-opened":
      return line("a ban was contested", event, [
        ...(["contest", "address", "proof", "by"] as const),
      ]);
    case "contest-answered":
      return line("a contest was answered", event, [
        ...(["contest", "verdict", "by", "bySelf"] as const),
      ]);
    default:
      return undefined;
  }
}

const toldOf = (dangers: readonly Danger[]): string =>
  dangers.map(({ says }) => says).join("; ");

const WHO = ["operator", "name"] as const;
const MAY = ["role", "org"] as const;

const whatOf = (action: "ban" | "lift" | "import"): string =>
  ({ ban: "banned", lift: "lifted", import: "imported" })[action];

function line<E extends DecisionEvent>(
  what: string,
  event: E,
  names: readonly (keyof E & string)[],
): Line {
  const named = names.map((name) => [name, event[name]] as const);
  return { what, fields: Object.fromEntries(named) };
}
