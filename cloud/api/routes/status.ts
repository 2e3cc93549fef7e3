import * as v from "valibot";
import type { OperatorApiPorts } from "../ports.js";
import { Time } from "../table/answer.js";
import { CountriesOut } from "./countries.js";
import { answer, route, type Route } from "../table/route.js";

const Disk = v.object({
  dir: v.string(),
  /** What there is room for, from "roomy" down. */
  state: v.picklist(["roomy", "no-telemetry", "orders-only", "full"]),
  freeBytes: v.number(),
  /** Below which telemetry, and below which answers are taken no more. */
  telemetryFloorBytes: v.number(),
  answersFloorBytes: v.number(),
  reserveBytes: v.number(),
  reserveLeftBytes: v.number(),
});

const stand = {
  /** Number of its newest record. */
  last: v.number(),
  /** Since when something that is folded of it lags; null: nothing does. */
  laggingSince: v.nullable(Time),
  laggingWhy: v.nullable(v.string()),
};

export const StatusOut = v.object({
  now: Time,
  startedAt: Time,
  disk: Disk,
  journal: v.object(stand),
  observations: v.object({
    ...stand,
    bytes: v.number(),
    mostBytes: v.number(),
    keepDays: v.number(),
    receiptsKeepDays: v.number(),
    /** Since the start. */
    forgotten: v.object({ reports: v.number(), evidence: v.number() }),
    /** Where they lie on a disk of their own; null: on the cloud's. */
    disk: v.nullable(Disk),
  }),
  bansTrouble: v.nullable(v.string()),
  treeTrouble: v.nullable(v.string()),
  connections: v.object({
    open: v.number(),
    strangers: v.number(),
    most: v.number(),
    known: v.number(),
  }),
  sessions: v.object({ open: v.number(), agents: v.number() }),
  /** Sessions that are open, and sign-ins since the start. */
  operators: v.object({
    open: v.number(),
    signIns: v.object({
      password: v.number(),
      passkey: v.number(),
      oidc: v.number(),
    }),
    refused: v.number(),
    tooMany: v.number(),
  }),
  /** What one person did that takes two and nobody reviewed; since when. */
  brokenGlass: v.object({ count: v.number(), since: v.nullable(Time) }),
  /** That wait for an answer; of whom nobody answered in time; the first due. */
  contests: v.object({
    open: v.number(),
    overdue: v.number(),
    dueAt: v.nullable(Time),
  }),
  countries: CountriesOut,
  downloads: v.number(),
  agentsOverTelemetryBudget: v.number(),
  /** By budget: how often it dropped something since the start, and when last. */
  drops: v.record(
    v.string(),
    v.object({ count: v.number(), lastAt: Time, what: v.string() }),
  ),
});

/** How the cloud is. */
export const statusRoutes = (
  ports: Pick<OperatorApiPorts, "status">,
): readonly Route[] => [
  route({
    ...{ method: "GET", path: "/status", operationId: "getStatus" },
    ...{ tag: "Cloud", summary: "Its disk, its doors, and what was too much" },
    ...{ allows: "viewer", scope: "vendor" },
    answers: { 200: { description: "How it is", schema: StatusOut } },
    handle: () => answer(200, ports.status()),
  }),
];
