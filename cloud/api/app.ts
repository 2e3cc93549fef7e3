import type { HttpBindings } from "@hono/node-server";
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import type { Logger } from "../../agent/log/logger.js";
import { Malformed } from "../../agent/protocol/malformed.js";
import { Refused } from "../../agent/protocol/refusals.js";
import { FeedFull } from "../feeds/capacity.js";
import { BadFolder } from "../folder.js";
import { BadRoot } from "../roots/ceremony.js";
import { TooManyQuestions } from "../impact/impact.js";
import { JournalConflict } from "../journal/journal.js";
import { NotAList } from "../lists/text.js";
import { EnrolmentRefused } from "../registry/enrolment.js";
import { agentRoutes } from "./agent-routes.js";
import { operatorRoutes } from "./operator-routes.js";
import type { ApiPorts } from "./ports.js";
import { ApiProblem } from "./problem.js";

/** Everything that the cloud answers over HTTP. */
export function makeApp(ports: ApiPorts): Hono<{ Bindings: HttpBindings }> {
  const app = new Hono<{ Bindings: HttpBindings }>();
  app.get("/healthz", (c) => {
    const message = ports.state.trouble();
    if (message === undefined) return c.json({ ok: true });
    return c.json({ ok: false, error: "degraded", message }, 503);
  });
  app.route("/v1", agentRoutes(ports));
  app.route("/v1", operatorRoutes(ports));
  app.notFound((c) => {
    const problem = plain(404, "not-found", `there is no ${c.req.path}`);
    return c.json(problem, problem.status);
  });
  app.onError((error, c) => {
    const problem = asProblem(error, ports.log);
    return c.json(problem, problem.status);
  });
  return app;
}

function asProblem(error: Error, log: Logger): ApiProblem {
  if (error instanceof ApiProblem) return error;
  if (error instanceof EnrolmentRefused) {
    return plain(403, error.code, error.message);
  }
  if (error instanceof Refused) return plain(409, error.code, error.detail);
  if (error instanceof BadRoot || error instanceof BadFolder) {
    return plain(409, "bad-root", error.message);
  }
  if (error instanceof FeedFull) return plain(400, "feed-full", error.message);
  if (error instanceof TooManyQuestions) {
    return plain(503, "busy", error.message);
  }
  if (error instanceof Malformed || error instanceof NotAList) {
    return plain(400, "invalid", error.message);
  }
  if (error instanceof JournalConflict) {
    return plain(409, "conflict", "somebody else decided meanwhile; try again");
  }
  if (error instanceof HTTPException) {
    return plain(413, "too-large", "the body is too large");
  }
  log.error("request failed", { error });
  return plain(500, "failed", "the cloud failed; its log says why");
}

function plain(
  status: ApiProblem["status"],
  code: string,
  message: string,
): ApiProblem {
  return new ApiProblem(status, code, [
    { field: "", value: undefined, message },
  ]);
}
