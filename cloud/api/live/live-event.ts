import * as v from "valibot";
import type { RecordedDecision } from "../../journal/decision-events.js";
import type { Caller } from "../../operators/caller.js";
import { includes } from "../../operators/roles.js";
import type { Registry } from "../../registry/registry.js";
import type { ProposedOrders } from "../../two-persons/proposed-orders.js";
import { mayRead, nameSeen, orderSeen, sees } from "../scope.js";
import { Seconds, Time } from "../table/answer.js";

/** A ban, a lift or an import was decided. */
const DecidedNews = v.object({
  kind: v.literal("decided"),
  decision: v.string(),
  action: v.picklist(["ban", "lift", "import"]),
  feed: v.string(),
  /** Null for whom one need not know. */
  by: v.nullable(v.string()),
  /** How many; GET /decisions/{decision} has them. */
  ranges: v.number(),
  reason: v.string(),
  observed: v.boolean(),
  /** When the last of it ends; null: a lift, or an import of before 0.6. */
  until: v.nullable(Seconds),
  list: v.nullable(v.string()),
});

/** A decision was undone, or found wrong. */
const UndoneNews = v.object({
  kind: v.literal("undone"),
  undoes: v.string(),
  /** By which decision; null: nothing of it was in force any more. */
  decision: v.nullable(v.string()),
  feed: v.string(),
  wrong: v.boolean(),
  /** Null for whom one need not know; "rule:harm": hosts were hurt by it. */
  by: v.nullable(v.string()),
  reason: v.string(),
});

/** Somebody has something before him, or said something to it. */
const ProposalNews = v.object({
  kind: v.literal("proposal"),
  proposal: v.string(),
  state: v.picklist(["open", "released", "refused"]),
  by: v.string(),
  reason: v.string(),
});

/** Somebody did alone what takes two, or somebody looked at it afterwards. */
const GlassNews = v.object({
  kind: v.literal("glass"),
  glass: v.string(),
  state: v.picklist(["broken", "justified", "not-justified"]),
  by: v.string(),
  reason: v.string(),
});

/** Somebody says that a ban is wrong, or somebody answered that. */
const ContestNews = v.object({
  kind: v.literal("contest"),
  contest: v.string(),
  state: v.picklist(["open", "released", "shortened", "refused"]),
  by: v.string(),
  /** Why, or the answer. */
  reason: v.string(),
});

/** A host came, went, or is known by something else. */
const AgentNews = v.object({
  kind: v.literal("agent"),
  agent: v.string(),
  org: v.string(),
  hostname: v.string(),
  change: v.picklist([
    ...(["enrolled", "rekeyed", "revoked", "forgotten"] as const),
    ...(["clones-cleared", "tagged"] as const),
  ]),
});

const OrgNews = v.object({ kind: v.literal("org"), org: v.string() });

/** What the critical keys allow a feed, or which keys count. */
const TrustNews = v.object({
  kind: v.literal("trust"),
  /** Null: it is a root. */
  feed: v.nullable(v.string()),
  version: v.number(),
});

/** What an org wants of its hosts is another. */
const PolicyNews = v.object({
  kind: v.literal("policy"),
  ...{ org: v.string(), version: v.number(), by: v.string() },
});

/** Who may do what has changed. */
const PeopleNews = v.object({
  kind: v.literal("people"),
  /** Null of what only names a credential. */
  operator: v.nullable(v.string()),
  credential: v.nullable(v.string()),
  change: v.picklist(["joined", "changed", "credential", "revoked"]),
});

/** The rules are at their rate, and ban no more for a while. */
const RateNews = v.object({ kind: v.literal("rate"), perMinute: v.number() });

/** Other rules decide, or are watched in the shadow. */
const RulesNews = v.object({
  kind: v.literal("rules"),
  version: v.number(),
  state: v.picklist(["in-force", "shadow", "ended"]),
  by: v.string(),
});

export const News = v.variant("kind", [
  ...([DecidedNews, ProposalNews, AgentNews, OrgNews] as const),
  ...([TrustNews, PeopleNews, RateNews, GlassNews, RulesNews] as const),
  ...([UndoneNews, ContestNews, PolicyNews] as const),
]);
export type News = v.InferInput<typeof News>;

/** One message of the stream. */
export const LiveMessage = v.object({
  /**
   * How far this comes in the log: what `after` is to be, to go on from here. What
   * one may not see is passed over in it.
   */
  position: v.number(),
  /** Empty: nothing new, and the stream is alive. */
  items: v.array(v.object({ seq: v.number(), at: Time, news: News })),
});
export type LiveMessage = v.InferInput<typeof LiveMessage>;

/** What is looked up for what a record only names. */
export interface NewsPorts {
  readonly registry: Pick<Registry, "agent">;
  readonly waiting: Pick<ProposedOrders, "order">;
}

/** What a caller is told of a record; undefined: nothing. */
export function newsFor(
  caller: Caller,
  { event }: RecordedDecision,
  ports: NewsPorts,
): News | undefined {
  if (event.kind === "decided") return decidedFor(caller, event);
  if (event.kind === "undone") return undoneFor(caller, event);
  if ("agent" in event) {
    const news = agentNews(event, ports);
    return news && sees(caller, news.org) ? news : undefined;
  }
  if (event.kind === "org-added" || event.kind === "policy-published") {
    return sees(caller, event.org) ? orgNews(event) : undefined;
  }
  if (event.kind === "order-proposed" || event.kind === "proposal-settled") {
    return proposalNews(caller, event, ports);
  }
  return caller.org === null ? vendorNews(caller, event) : undefined;
}

type Event = RecordedDecision["event"];

function decidedFor(
  caller: Caller,
  event: Extract<Event, { kind: "decided" }>,
): News | undefined {
  const { decision, action, feed, ranges, reason } = event;
  if (!mayRead(caller, feed)) return undefined;
  return {
    ...{ kind: "decided", decision, action, feed, ranges, reason },
    by: nameSeen(caller, event),
    observed: event.observed ?? false,
    ...{ until: event.until ?? null, list: event.list ?? null },
  };
}

function undoneFor(
  caller: Caller,
  event: Extract<Event, { kind: "undone" }>,
): News | undefined {
  const { kind, undoes, decision = null, feed, wrong, reason } = event;
  if (!mayRead(caller, feed)) return undefined;
  const by = nameSeen(caller, event);
  return { kind, undoes, decision, feed, wrong, by, reason };
}

function proposalNews(
  caller: Caller,
  event: Extract<Event, { kind: "order-proposed" | "proposal-settled" }>,
  ports: NewsPorts,
): News | undefined {
  const isTheirs = orderSeen(caller, event.proposal, ports) !== undefined;
  if (caller.org !== null && !isTheirs) return undefined;
  return event.kind === "order-proposed" ? orderNews(event) : settled(event);
}

function orderNews({
  proposal,
  by,
  dangers,
}: Extract<Event, { kind: "order-proposed" }>): News {
  const reason = dangers.map(({ says }) => says).join("; ");
  return { kind: "proposal", state: "open", proposal, by, reason };
}

function settled({
  proposal,
  verdict: state,
  by,
  reason,
}: Extract<Event, { kind: "proposal-settled" }>): News {
  return { kind: "proposal", state, proposal, by, reason };
}

function orgNews(
  event: Extract<Event, { kind: "org-added" | "policy-published" }>,
): News {
  const { org } = event;
  if (event.kind === "org-added") return { kind: "org", org };
  return { kind: "policy", org, version: event.version, by: event.by };
}

function agentNews(
  event: Extract<Event, { readonly agent: string }>,
  { registry }: NewsPorts,
): Extract<News, { kind: "agent" }> | undefined {
  const change = CHANGES[event.kind];
  const known = registry.agent(event.agent);
  if (change === undefined || known === undefined) return undefined;
  const { id: agent, org, hostname } = known;
  return { kind: "agent", agent, org, hostname, change };
}

type Change = v.InferInput<typeof AgentNews>["change"];

const CHANGES: Partial<Record<string, Change>> = {
  "agent-enrolled": "enrolled",
  "agent-rekeyed": "rekeyed",
  "agent-revoked": "revoked",
  "agent-forgotten": "forgotten",
  "agent-tagged": "tagged",
  "clones-cleared": "clones-cleared",
};

/** Of what concerns no org by itself. */
function vendorNews(caller: Caller, event: Event): News | undefined {
  switch (event.kind) {
    case "proposed": {
      const { proposal, rule: by, reason } = event;
      return { kind: "proposal", state: "open", proposal, by, reason };
    }
    case "glass-broken": {
      const { glass, by, why: reason } = event;
      return { kind: "glass", state: "broken", glass, by, reason };
    }
    case "glass-reviewed": {
      const { glass, by, verdict: state, reason } = event;
      return { kind: "glass", state, glass, by, reason };
    }
    case "contest-opened": {
      const { contest, by, why: reason } = event;
      return { kind: "contest", state: "open", contest, by, reason };
    }
    case "contest-answered": {
      const { contest, by, verdict: state, answer: reason } = event;
      return { kind: "contest", state, contest, by, reason };
    }
    case "approval":
      return { kind: "trust", feed: event.feed, version: event.version };
    case "root-published":
      return { kind: "trust", feed: null, version: event.version };
    case "rules-published":
    case "shadow-ended":
    case "rate-reached":
      return ruleNews(event);
    default:
      return includes(caller.role, "admin") ? peopleNews(event) : undefined;
  }
}

function ruleNews(
  event: Extract<
    Event,
    { kind: "rules-published" | "shadow-ended" | "rate-reached" }
  >,
): News {
  if (event.kind === "rate-reached") {
    return { kind: "rate", perMinute: event.maxPerMinute };
  }
  const { version, by } = event;
  const state = event.kind === "shadow-ended" ? "ended" : event.mode;
  return { kind: "rules", version, state, by };
}

function peopleNews(event: Event): News | undefined {
  const kind = "people";
  switch (event.kind) {
    case "operator-joined":
    case "operator-changed": {
      const { operator } = event;
      const change = event.kind === "operator-joined" ? "joined" : "changed";
      return { kind, operator, credential: null, change };
    }
    case "credential-added": {
      const { operator, credential } = event;
      return { kind, operator, credential, change: "credential" };
    }
    case "credential-revoked": {
      const { credential } = event;
      return { kind, operator: null, credential, change: "revoked" };
    }
    default:
      return undefined;
  }
}
