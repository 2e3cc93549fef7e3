import type { ValidateFunction } from "ajv";
import { includes } from "../../cloud/operators/roles.js";
import type { ProblemShape } from "../../cloud/api/table/problem-shape.js";
import { MOST_HEAD_BYTES } from "../../cloud/door/budgets.js";
import type { Asked } from "./request.js";
import type { Member } from "./cast.js";
import type { Answered } from "./client.js";
import type { Operation } from "./document.js";

/** A request, who sent it, and at which door. */
export interface Sent {
  readonly operation: Operation;
  readonly asked: Asked;
  readonly member: Member;
  readonly atSocket: boolean;
}

/** What is wrong with an answer, by the document alone; none: nothing is. */
export function faultsOf(sent: Sent, answered: Answered): readonly string[] {
  const { status } = answered;
  if (status >= 500) return [`answered ${status}`];
  // A head that is too long is read by no route.
  if (status === 431 && headBytes(sent) > LONG_HEAD) return [];
  const elsewhere = isElsewhere(sent, answered);
  if (elsewhere !== undefined) return elsewhere;
  const due = refusalDue(sent);
  return [
    ...(due !== undefined && status !== due && status !== 429
      ? [`answered ${status}, where ${due} is due`]
      : []),
    ...(due === undefined ? undueRefusal(sent, answered) : []),
    ...undocumented(sent, answered),
    ...tookTheWrong(sent, answered),
    ...tookTheWrongQuery(sent, answered),
    ...othersShown(sent, answered),
  ];
}

const headBytes = ({ asked: { path, headers }, member: { shown } }: Sent) =>
  path.length + JSON.stringify([headers, shown]).length;

/** Where it may be too long, with what a client adds. */
const LONG_HEAD = MOST_HEAD_BYTES / 2;

/** Where it is no request for the operation any more, the table itself answers. */
function isElsewhere(
  { asked: { kind } }: Sent,
  { status, headers }: Answered,
): readonly string[] | undefined {
  if (kind === "other method") {
    const isTold = status === 405 && headers.allow !== undefined;
    // The method of a stranger's invention is refused before it comes to a route.
    return isTold || status === 400 || status === 404
      ? []
      : [`answered ${status} without telling the right method`];
  }
  const isAway = [301, 400, 404, 405, 414, 431].includes(status);
  return isAway && (kind === "odd path" || kind === "odd id") ? [] : undefined;
}

/** The status that is due to who may not do this, whatever else is wrong. */
function refusalDue({ operation, member, atSocket }: Sent) {
  const { access } = operation;
  if (access === null) return undefined;
  const { role, org } = member;
  if (role === null) return 401;
  if (!includes(role, access.least)) return 403;
  if (access.vendorOnly && org !== null) return 403;
  return access.stepUp && !atSocket && !member.isSession ? 403 : undefined;
}

/**
 * Who is known is not taken for nobody, but where a proof is asked for; nor is who
 * may do all of it sent away for a role, or at the socket for a step-up.
 */
function undueRefusal(sent: Sent, answered: Answered): readonly string[] {
  const { operation, member } = sent;
  const { status } = answered;
  if (status === 403 && isSentAway(sent, answered)) {
    return ["answered 403 to somebody who may do it"];
  }
  const proves = operation.body?.check({}) === false && status === 401;
  return status === 401 &&
    member.role !== null &&
    operation.access !== null &&
    !proves
    ? ["answered 401 to somebody who is known"]
    : [];
}

/** What is asked for in a body may be beyond a role, too: then it has a value. */
function isSentAway(
  { operation: { method }, member, atSocket }: Sent,
  { text }: Answered,
): boolean {
  const { role, org } = member;
  if (role === null) return false;
  const { code, errors } = (jsonOf(text) ?? {}) as Partial<ProblemShape>;
  if (code === "step-up-needed") return atSocket;
  // Headers that claim so are sent by chance.
  if (code === "other-site") return false;
  if (method === "GET") return true;
  const isAll = role === "admin" && org === null;
  const isOfCaller = errors?.some(
    ({ field, value }) => /^(role|org)$/.test(field) && value === undefined,
  );
  return isAll && code === "not-allowed" && isOfCaller === true;
}

/** The status must be named, and the body be as its schema says. */
function undocumented(
  { operation: { answers } }: Sent,
  answered: Answered,
): readonly string[] {
  const { status, media, text } = answered;
  const bodies = answers.get(status);
  if (bodies === undefined)
    return [`answered ${status}, which is undocumented`];
  if (status === 101) return [];
  if (bodies.size === 0) {
    return text === ""
      ? []
      : [`answered ${status} with a body that is not due`];
  }
  const check = bodies.get(media);
  if (check === undefined) {
    return [`answered ${status} with ${media || "no type"}`];
  }
  return check === null ? [] : unlike(check, answered);
}

/** What its schema says against a body. */
function unlike(
  check: ValidateFunction,
  { status, media, text }: Answered,
): readonly string[] {
  const body = jsonOf(text);
  if (!check(body)) {
    const { instancePath = "", message = "" } = check.errors?.[0] ?? {};
    return [`${status}: ${instancePath} ${message}`];
  }
  const told = (body as { status?: unknown } | null)?.status;
  return media === "application/problem+json" && told !== status
    ? [`answered ${status}, and calls it ${String(told)}`]
    : [];
}

/** A body that its own schema forbids is not to be taken. */
function tookTheWrong(
  { operation: { body }, asked }: Sent,
  { status }: Answered,
): readonly string[] {
  if (status > 299 || !body?.media.includes("json")) return [];
  const text = asked.body === undefined ? "" : String(asked.body);
  if (text === "" && !body.required) return [];
  return body.check(jsonOf(text))
    ? []
    : [`answered ${status} to a body that its schema forbids`];
}

/** As `tookTheWrong`, of what the query says; of several the first one counts. */
function tookTheWrongQuery(
  { operation: { checkQuery }, asked: { path } }: Sent,
  { status }: Answered,
): readonly string[] {
  if (status > 299) return [];
  const said = [...new URL(path, "http://cloud.example").searchParams];
  const query = Object.fromEntries(said.reverse());
  if (checkQuery(query)) return [];
  const { instancePath = "" } = checkQuery.errors?.[0] ?? {};
  return [
    `answered ${status} to a query that its schema forbids: ${instancePath}`,
  ];
}

/** Nothing of another org is to be seen by who is of one. */
function othersShown(
  { member: { org } }: Sent,
  { status, media, text }: Answered,
): readonly string[] {
  if (org === null || status > 299 || !media.includes("json")) return [];
  const bodies = media.endsWith("jsonl") ? text.split("\n") : [text];
  const others = new Set(bodies.flatMap((each) => orgsIn(jsonOf(each))));
  others.delete(org);
  return [...others].map((each) => `showed what is of ${each}`);
}

/** Every org that an answer names, by itself or by its feed. */
function orgsIn(value: unknown, key = ""): readonly string[] {
  if (typeof value === "string") {
    if (/^orgs?$/.test(key)) return [value];
    const feed = /^org\/(.+)$/.exec(value);
    return /^feeds?$/.test(key) && feed !== null ? [feed[1] ?? ""] : [];
  }
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, each]) =>
    orgsIn(each, Array.isArray(value) ? key : name),
  );
}

/** Undefined where it is none. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
