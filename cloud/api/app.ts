import type { HttpBindings } from "@hono/node-server";
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import type { Logger } from "../../agent/log/logger.js";
import { Malformed } from "../../agent/protocol/malformed.js";
import { Refused } from "../../agent/protocol/refusals.js";
import { BusyBundling } from "../carry/bundles.js";
import { ContestRefused, type ContestRefusal } from "../contest/contesting.js";
import { NotHeard } from "../contest/intake.js";
import { BrowseBusy } from "../feeds/catalogue/browse-gate.js";
import { ExportBusy } from "../feeds/catalogue/export-places.js";
import { CoverageBusy } from "../coverage/coverage-gate.js";
import { NoRoom } from "../disk/room.js";
import { ListBusy } from "../rate/list-gate.js";
import { UndoBusy } from "../decide/undo-gate.js";
import { NotOpen } from "../decide/settling.js";
import { CannotUndo } from "../decide/undo-orders.js";
import { FeedFull } from "../feeds/capacity.js";
import { BadFolder } from "../folder.js";
import { BadRoot } from "../roots/ceremony.js";
import { GivenUp } from "../rate/turns.js";
import { RootHeldBack } from "../roots/readers.js";
import { TooManyQuestions } from "../impact/impact.js";
import { JournalConflict, JournalDelayed } from "../journal/failures.js";
import { NotAList } from "../lists/text.js";
import { TreeFailed } from "../tree/tree-worker.js";
import { EnrolmentRefused } from "../registry/enrolment.js";
import { StaffRefused, type StaffRefusal } from "../operators/refused.js";
import {
  BadChoice,
  SignInRefused,
  TryLater,
  WayUnusable,
} from "../sign-in/failures.js";
import { ReviewedBefore } from "../two-persons/break-glass.js";
import { ListChanged } from "../two-persons/list-files.js";
import { NoShareLeft } from "../two-persons/proposed-orders.js";
import { GlassHolds, SamePerson } from "../two-persons/refusals.js";
import { agentRoutes } from "./agent-routes.js";
import { callerBy, mustBeOwnSite } from "./known-caller.js";
import { logRoutes } from "./log-routes.js";
import type { ApiPorts } from "./ports.js";
import { ApiProblem, problem } from "./problem.js";
import { fromOf, type DoorName } from "./requests.js";
import { contestIntakeRoutes } from "./routes/contest-intake.js";
import { routeTable } from "./routes/table.js";
import { BASE } from "./table/base.js";
import { mount } from "./table/mount.js";
import type { Route } from "./table/route.js";

/** What is heard at a door, and which one it is. */
export interface Which {
  readonly operators: boolean;
  readonly door: DoorName;
}

/** Everything that the cloud answers over HTTP. */
export function makeApp(
  ports: ApiPorts,
  { operators, door }: Which = { operators: true, door: "public" },
): Hono<{ Bindings: HttpBindings }> {
  const app = new Hono<{ Bindings: HttpBindings }>();
  app.get("/healthz", (c) => {
    const message = ports.decisions.lag?.why.message ?? ports.state.trouble();
    if (message === undefined) return c.json({ ok: true });
    return c.json({ ok: false, error: "degraded", message }, 503);
  });
  app.route("/v1", agentRoutes(ports));
  app.route("/v2/log", logRoutes(ports));
  if (operators) {
    app.route(BASE, operatorApi(ports, routeTable(ports), door));
  } else if (ports.intake.isOn) {
    app.route(BASE, operatorApi(ports, contestIntakeRoutes(ports), door));
  }
  app.notFound((c) => {
    const path = c.req.path.slice(0, 100);
    const problem = plain(404, "not-found", `there is no ${path}`);
    return c.json(problem, problem.status);
  });
  app.onError((error, c) => {
    const problem = asProblem(error, ports.log);
    return c.json(problem, problem.status);
  });
  return app;
}

/** Serves routes of the table, with what that takes. */
function operatorApi(ports: ApiPorts, table: readonly Route[], door: DoorName) {
  const { clock, log, publicUrl } = ports;
  return mount(table, {
    ...{ clock, log },
    fromOf: (c) => fromOf(c, door),
    callerOf: (c) => {
      const authorization = c.req.header("authorization");
      const cookie = c.req.header("cookie");
      const isUnattended = c.req.header(UNATTENDED) !== undefined;
      const shown = { authorization, cookie, isUnattended };
      return callerBy(shown, fromOf(c, door), ports);
    },
    mustBeOwnSite: (c, caller) => mustBeOwnSite(c, caller, publicUrl()),
    engaged: ({ env: { incoming, outgoing } }) => {
      const engaged = ports.engage(incoming.socket);
      outgoing.once("close", () => engaged[Symbol.dispose]());
    },
    noted: (called, act) => ports.calls.run(called, act),
    before: (stood) => ports.calls.before(stood),
    asProblem: (error) => asProblem(error, log),
    rates: ports.rates,
    kept: ports.answersKept,
  });
}

/** What a page sends along with what it asks for by itself. */
const UNATTENDED = "x-unattended";

/** What is told of what was thrown; the log has what is nobody's to know. */
export function asProblem(error: unknown, log: Logger): ApiProblem {
  if (error instanceof ApiProblem) return error;
  if (error instanceof EnrolmentRefused) {
    return plain(403, error.code, error.message);
  }
  if (error instanceof StaffRefused) {
    const { code, field, value, message } = error;
    return problem(STAFF[code], code, { field, value, message });
  }
  if (error instanceof Refused) return plain(409, error.code, error.detail);
  if (error instanceof BadChoice) {
    const { field, message } = error;
    return problem(400, "invalid", { field, value: undefined, message });
  }
  const coded = codedProblem(error);
  if (coded !== undefined) return coded;
  for (const [kind, status, code, message] of ANSWERS) {
    if (error instanceof kind)
      return plain(status, code, message ?? error.message);
  }
  log.error("request failed", { error });
  return plain(500, "failed", "the cloud failed; its log says why");
}

function tryLater({ message, afterMs }: TryLater | NotHeard): ApiProblem {
  const seconds = Math.ceil(afterMs / 1000);
  const when = `${message}; try again in ${seconds} s`;
  return plain(429, "too-many", when).withHeaders({
    "retry-after": String(seconds),
  });
}

/** Of what has several codes, or says when to come back. */
function codedProblem(error: unknown): ApiProblem | undefined {
  if (error instanceof TryLater) return tryLater(error);
  if (error instanceof NotHeard) {
    const { code, message } = error;
    return code === "too-many" ? tryLater(error) : plain(403, code, message);
  }
  if (error instanceof ContestRefused) {
    return plain(CONTESTS[error.code], error.code, error.message);
  }
  if (error instanceof GlassHolds) {
    const status = error.why === "lasts-too-long" ? 400 : 403;
    return plain(status, error.why, error.message);
  }
  return undefined;
}

const CONTESTS: Readonly<Record<ContestRefusal, ApiProblem["status"]>> = {
  ...{ unknown: 404, "not-banned": 404, contested: 409, full: 409 },
  ...{ answered: 409, "wider-bans": 409, "ends-sooner": 409 },
  unchecked: 503,
};

/** What each failure is answered with: in its own words, unless others stand here. */
const ANSWERS: readonly (readonly [
  new (...args: never[]) => Error,
  ApiProblem["status"],
  string,
  string?,
])[] = [
  [BusyBundling, 429, "one-at-a-time"],
  [UndoBusy, 429, "one-at-a-time"],
  [CoverageBusy, 429, "one-at-a-time"],
  [BrowseBusy, 429, "one-at-a-time"],
  [ListBusy, 429, "one-at-a-time"],
  [ExportBusy, 429, "one-at-a-time"],
  [NoRoom, 507, "disk-full"],
  [JournalDelayed, 507, "delayed"],
  [BadRoot, 409, "bad-root"],
  [RootHeldBack, 409, "held-back"],
  [BadFolder, 409, "bad-root"],
  [TreeFailed, 503, "busy"],
  // Nobody reads it.
  [GivenUp, 503, "gone"],
  [FeedFull, 400, "feed-full"],
  [SamePerson, 403, "same-person"],
  [CannotUndo, 409, "cannot-undo"],
  [NoShareLeft, 409, "no-share"],
  [NotOpen, 409, "not-open"],
  [ListChanged, 409, "list-changed"],
  [ReviewedBefore, 409, "reviewed-before"],
  [TooManyQuestions, 503, "busy"],
  [SignInRefused, 401, "not-proved"],
  [WayUnusable, 409, "way-unusable"],
  [Malformed, 400, "invalid"],
  [NotAList, 400, "invalid"],
  [
    JournalConflict,
    409,
    "conflict",
    "somebody else decided meanwhile; try again",
  ],
  [HTTPException, 413, "too-large", "the body is too large"],
  [RangeError, 400, "invalid", "the body is nested too deeply"],
];

const STAFF: Readonly<Record<StaffRefusal, ApiProblem["status"]>> = {
  ...{ invalid: 400, "not-allowed": 403, unknown: 404, ambiguous: 409 },
  ...{ exists: 409, disabled: 409, "last-admin": 409, full: 409 },
};

function plain(
  status: ApiProblem["status"],
  code: string,
  message: string,
): ApiProblem {
  return new ApiProblem(status, code, [
    { field: "", value: undefined, message },
  ]);
}
