import * as v from "valibot";
import { hostModes } from "../../fleet/host-mode.js";
import { hostStates } from "../../fleet/host-state.js";
import { AGENTS } from "../../query/lists/agents.js";
import { Named, YesOrNo, limitOf } from "../fields.js";
import { agentOrders } from "../asked/agents.js";
import { QueryOf } from "../query-field.js";
import { Cursor, Time, Whole, pageOf } from "../table/answer.js";

/** What of agents and their hosts goes in and out. */

const Vitals = v.object({
  time: Time,
  /** Share of all processors in use, 0 to 1. */
  cpu: v.number(),
  memoryUsedBytes: v.number(),
  memoryTotalBytes: v.number(),
  /** Resident memory of the agent. */
  agentBytes: v.number(),
  uptimeSeconds: v.number(),
  /** Bans in force, only observed, and held. */
  bans: v.number(),
  observed: v.number(),
  held: v.number(),
  /** What sensors read, one for each place. */
  sensors: v.optional(
    v.array(
      v.object({
        name: v.string(),
        source: v.picklist(["journal", "file"]),
        /** Who vouches for what is read. */
        trust: v.picklist(["writer", "kernel", "nobody"]),
        lines: v.number(),
        ofService: v.number(),
        understood: v.number(),
        failures: v.number(),
        old: v.number(),
        unconfirmed: v.number(),
        newest: v.optional(Time),
      }),
    ),
  ),
});

const Inventory = v.object({
  time: Time,
  hostname: v.string(),
  system: v.string(),
  kernel: v.string(),
  arch: v.string(),
  cpus: v.number(),
  memoryTotalBytes: v.number(),
  version: v.string(),
});

/** How a host was when it last said so; null for what it never said. */
const Report = v.object({
  vitals: v.nullable(Vitals),
  inventory: v.nullable(Inventory),
  health: v.array(
    v.object({
      code: v.string(),
      severity: v.picklist(["low", "medium", "high"]),
      text: v.string(),
      since: Time,
    }),
  ),
  /** Items that its spool had to let go of. */
  dropped: v.number(),
});

export const AgentState = v.picklist(hostStates);

export const AgentOut = v.object({
  id: v.string(),
  org: v.string(),
  hostname: v.string(),
  tags: v.array(v.string()),
  state: AgentState,
  /**
   * What it does with its bans, as far as it said so. Not-enforcing: packets pass
   * that it is to drop. Safe-mode: it drops what it did, and takes nothing new.
   */
  mode: v.picklist(hostModes),
  /** Bans and lifts that its receipts do not tell of yet; null: it gave none. */
  behind: v.nullable(Whole),
  system: v.string(),
  version: v.string(),
  /** The newest version of the protocol that it is known to read. */
  protocol: v.picklist([1, 2]),
  /** The device's raw Ed25519 key, in base64url. */
  publicKey: v.string(),
  enrolledAt: Time,
  lastSeen: v.nullable(Time),
  /** When it said that its host goes; null: it did not, or came again since. */
  leftAt: v.nullable(Time),
  revokedAt: v.nullable(Time),
  revokedWhy: v.nullable(v.string()),
  /** Pairs of live processes with its key that nobody has seen to. */
  cloned: v.number(),
  /** Since when its telemetry waits for its budget; null: it does not. */
  telemetryOverSince: v.nullable(Time),
  /** Something is wrong with it: clones, a budget, its health, lost items. */
  unhealthy: v.boolean(),
  /** Null for a host that has not said anything yet. */
  report: v.nullable(Report),
});

export const AgentsPage = v.object({
  ...pageOf(AgentOut).entries,
  /** How many on all pages, where a query, an order, `tag`, `state` or `unhealthy` was asked for. */
  total: v.optional(Whole),
});

export const AgentsQuery = v.strictObject({
  org: v.optional(Named),
  /** One that all of them have. */
  tag: v.optional(Named),
  state: v.optional(AgentState),
  unhealthy: v.optional(YesOrNo),
  q: v.optional(QueryOf(AGENTS)),
  sort: v.optional(v.picklist(agentOrders)),
  /** From the most on. */
  desc: v.optional(YesOrNo, "false"),
  limit: limitOf(1_000),
  /** What the last one of the page before is sorted by, and its id. */
  cursor: v.optional(
    Cursor(
      v.tuple([v.nullable(v.union([v.number(), v.string()])), v.string()]),
    ),
  ),
});

/** Whom a change was made to. */
export const Changed = v.object({ agent: v.string() });

/** What a host is called by beside its name. */
export const Tags = v.pipe(
  v.array(
    v.pipe(
      v.string(),
      v.regex(
        /^[a-z0-9-]{1,32}$/u,
        "is no tag: 1 to 32 of a-z, 0-9 and - are expected",
      ),
    ),
  ),
  v.maxLength(16, "an agent may have at most 16 tags"),
);

export const TagsOrder = v.strictObject({ tags: Tags });

export const Tagged = v.object({
  agent: v.string(),
  tags: v.array(v.string()),
});

const Boot = v.object({
  /** The UUID that this start of the agent drew. */
  boot: v.string(),
  version: v.string(),
  address: v.string(),
  seenAt: Time,
});

/** Two starts of one agent that were both alive. */
export const CloneOut = v.object({
  /** Of the observation that is the evidence. */
  seq: v.number(),
  at: Time,
  agent: v.string(),
  /** The one that came back, and the one that had come after it. */
  returned: Boot,
  newer: Boot,
  /** When an operator had seen to it; null while it stands. */
  clearedAt: v.nullable(Time),
});

export const ClonesQuery = v.strictObject({
  limit: limitOf(1_000),
  /** The last one of the page before. */
  cursor: v.optional(Cursor(v.pipe(v.number(), v.integer()))),
});
