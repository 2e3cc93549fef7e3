import { Hono, type Context } from "hono";
import type { Logger } from "../../../agent/log/logger.js";
import type { Clock } from "../../../agent/runtime/clock.js";
import type { Called } from "../../audit/calls.js";
import type { Caller } from "../../operators/caller.js";
import { includes, type Role } from "../../operators/roles.js";
import { ApiProblem, checked, checkedSecret, problem } from "../problem.js";
import { bounded } from "../requests.js";
import { encoded } from "./answer.js";
import type { Env } from "./env.js";
import { onlyOnce, veiled, type KeptAnswers } from "./idempotency.js";
import { problemJson } from "./problem-shape.js";
import type { CallerRates } from "./rates.js";
import type { Route, SomeAnswer } from "./route.js";

/** What the table needs beside its handlers. */
export interface TablePorts {
  readonly clock: Clock;
  readonly log: Logger;
  /** Who asks, by what the request brings along; undefined: nobody known. */
  callerOf(c: Context<Env>): Caller | undefined;
  /** The address that it comes from, or "socket". */
  fromOf(c: Context<Env>): string;
  /** @throws ApiProblem when a browser asks for another site */
  mustBeOwnSite(c: Context<Env>, caller: Caller): void;
  /** The connection works for somebody who is known, for as long as it answers. */
  engaged(c: Context<Env>): void;
  /** Carries out what changes something, so that the record names the caller. */
  noted<T>(called: Called, act: () => Promise<T>): Promise<T>;
  /** Keeps what stood before what is carried out now. */
  before(stood: unknown): void;
  /** What an error that a handler threw is answered with. */
  asProblem(error: Error): ApiProblem;
  readonly rates: CallerRates;
  readonly kept: KeptAnswers;
}

/** Serves a table of routes. */
export function mount(table: readonly Route[], ports: TablePorts): Hono<Env> {
  const app = new Hono<Env>();
  for (const route of table) {
    const path = honoPath(route);
    app.on(route.method, path, (c) => answered(route, c, ports));
  }
  for (const [path, methods] of methodsByPath(table)) {
    app.all(path, (c) => {
      throw otherMethod(c, methods);
    });
  }
  app.all("*", (c) => {
    throw problem(404, "not-found", {
      ...{ field: "", value: undefined },
      message: `there is no ${c.req.method} ${c.req.path.slice(0, 100)}`,
    });
  });
  app.onError((error, c) => {
    const told = ports.asProblem(error);
    return c.body(JSON.stringify(problemJson(told)), told.status, {
      ...told.headers,
      "content-type": "application/problem+json",
      "cache-control": "no-store",
    });
  });
  return app;
}

/** Path and query, by whichever name the cloud was called. */
function targetOf({ req }: Context<Env>): string {
  const { pathname, search } = new URL(req.url);
  return pathname + search;
}

const honoPath = ({ path }: Pick<Route, "path">): string =>
  path.replaceAll(/\{(\w+)\}/g, ":$1");

function methodsByPath(table: readonly Route[]): Map<string, string[]> {
  const all = new Map<string, string[]>();
  for (const route of table) {
    const path = honoPath(route);
    all.set(path, [...(all.get(path) ?? []), route.method]);
  }
  return all;
}

const otherMethod = (c: Context<Env>, methods: readonly string[]) =>
  problem(405, "other-method", {
    ...{ field: "", value: undefined },
    message: `${c.req.path.slice(0, 100)} is for ${methods.join(", ")}`,
  }).withHeaders({ allow: methods.join(", ") });

async function answered(
  route: Route,
  c: Context<Env>,
  ports: TablePorts,
): Promise<Response> {
  const caller = ports.callerOf(c);
  if (route.lets !== null) letIn(route, caller, ports, c);
  const query = route.query && checked(route.query, c.req.query());
  const text = await textOf(route, c);
  const body = bodyOf(route, text);
  const told = { from: ports.fromOf(c), params: c.req.param(), context: c };
  const before = (stood: unknown) => ports.before(stood);
  const call = { ...told, caller, query, body, before };
  const act = async (): Promise<SomeAnswer> => route.handle(call);
  if (!route.lets?.changes || caller === undefined) {
    return toResponse(route, await act(), c);
  }
  const called = {
    ...{ operation: route.operationId, caller },
    why: whyOf(body) || whyOf(query),
  };
  const changesNothing = isDry(body) || isDry(query);
  const once = {
    ...{ caller, operation: route.operationId },
    request: [c.req.method, targetOf(c), route.isSecret ? veiled(text) : text],
    key: changesNothing ? undefined : c.req.header("idempotency-key"),
    shownOnce: route.lets.shownOnce === true,
  };
  return onlyOnce(once, ports.kept, async () =>
    toResponse(route, await ports.noted(called, act), c),
  );
}

/** @throws ApiProblem when the caller may not do this, or not so often */
function letIn(
  { lets, method }: Route,
  caller: Caller | undefined,
  ports: TablePorts,
  c: Context<Env>,
): asserts caller is Caller {
  if (caller === undefined) throw unauthenticated();
  ports.engaged(c);
  ports.rates.take(caller);
  if (lets === null) return;
  const { allows, scope, stepUp } = lets;
  const { org, steppedUpUntil } = caller;
  mustBeAtLeast(allows, caller);
  if (scope === "vendor" && org !== null) {
    throw denied(
      "org",
      `this is for the vendor's own people, and ${caller.name} is of ${org}`,
    );
  }
  if (method !== "GET") ports.mustBeOwnSite(c, caller);
  if (stepUp && (steppedUpUntil ?? 0) <= ports.clock.now()) {
    throw stepUpNeeded();
  }
}

export const stepUpNeeded = (): ApiProblem =>
  problem(403, "step-up-needed", {
    ...{ field: "", value: undefined },
    message:
      "show first who you are: step up, then ask again within ten minutes",
  });

/** @throws ApiProblem when the caller's role does not include this one */
export function mustBeAtLeast(
  allows: Role,
  { role, name }: Pick<Caller, "role" | "name">,
): void {
  if (includes(role, allows)) return;
  throw denied(
    "role",
    `this takes the role ${allows} or more, and ${name} is ${role}`,
  );
}

const denied = (field: string, message: string): ApiProblem =>
  problem(403, "not-allowed", { field, value: undefined, message });

export const unauthenticated = (): ApiProblem =>
  problem(401, "unauthenticated", {
    ...{ field: "authorization", value: undefined },
    message: "the bearer token is no operator's, and no session is open",
  });

function bodyOf({ body, bodyOptional, isSecret }: Route, text: string) {
  if (body === undefined || "stream" in body) return undefined;
  if (text === "" && bodyOptional) return checked(body, {});
  const read = isSecret ? checkedSecret : checked;
  const json = jsonIn(text);
  // To a schema without fields that must be there, a list is an empty object.
  if (Array.isArray(json)) throw badBody("the body is a list, and no object");
  return read(body, json);
}

/** As RFC 7493 has it: half a character can't be handed on to everybody. */
function jsonIn(text: string): unknown {
  try {
    return /\\u[dD]/.test(text) ? JSON.parse(text, whole) : JSON.parse(text);
  } catch (error) {
    if (error instanceof ApiProblem) throw error;
    throw badBody("the body is not JSON");
  }
}

function whole(key: string, value: unknown): unknown {
  for (const each of [key, value]) {
    if (typeof each === "string" && /\p{Cs}/u.test(each)) {
      throw badBody("the body holds half of a character (a lone surrogate)");
    }
  }
  return value;
}

const badBody = (message: string): ApiProblem =>
  problem(400, "invalid", { field: "", value: undefined, message });

/** Empty where the handler reads the body itself, and where none is due. */
async function textOf(
  { body, mostBodyBytes = MOST_BODY_BYTES }: Route,
  c: Context<Env>,
): Promise<string> {
  if (body === undefined || "stream" in body) return "";
  const read = c.env.incoming as AsyncIterable<Uint8Array>;
  const chunks: Uint8Array[] = [];
  for await (const chunk of bounded(read, mostBodyBytes)) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

/** Ten thousand ranges, and then some. */
const MOST_BODY_BYTES = 1024 * 1024;

const isDry = (input: unknown): boolean =>
  typeof input === "object" &&
  input !== null &&
  "dryRun" in input &&
  input.dryRun === true;

function whyOf(input: unknown): string {
  const reason =
    typeof input === "object" && input !== null && "reason" in input
      ? input.reason
      : "";
  return typeof reason === "string" ? reason : "";
}

function toResponse(
  route: Route,
  { status, body, headers }: SomeAnswer,
  c: Context<Env>,
): Response {
  const spec = route.answers[status];
  if (spec === undefined) {
    throw new Error(
      `${route.operationId} answers ${status}, and says so nowhere`,
    );
  }
  if (spec.schema === undefined) {
    const [type] = [spec.media ?? []].flat();
    const media = type !== undefined && { "content-type": type };
    const bytes = body as ReadableStream<Uint8Array> | null | undefined;
    return new Response(bytes ?? null, {
      status,
      headers: { ...NOT_KEPT, ...media, ...headers },
    });
  }
  const { text, etag } = encoded(spec.schema, body);
  const more = { ...NOT_KEPT, etag, ...headers };
  if (route.method === "GET" && isKnown(c.req.header("if-none-match"), etag)) {
    return new Response(null, { status: 304, headers: more });
  }
  return new Response(text, {
    status,
    headers: { "content-type": "application/json", ...more },
  });
}

/** Kept by nobody on the way; a client may ask whether its own is still good. */
const NOT_KEPT = { "cache-control": "private, no-cache" };

const isKnown = (named: string | undefined, etag: string): boolean =>
  named?.split(",").some((each) => each.trim().replace(/^W\//, "") === etag) ??
  false;
