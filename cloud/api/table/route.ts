import type { Context } from "hono";
import type * as v from "valibot";
import type { Caller } from "../../operators/caller.js";
import type { Role } from "../../operators/roles.js";
import type { Env } from "./env.js";

/** What is answered with a status: JSON of a shape, bytes, or nothing. */
export interface AnswerSpec {
  readonly description: string;
  /** Of the JSON; handlers give its input, clients get its output. */
  readonly schema?: v.GenericSchema;
  /** Of a body that is no JSON: of several, the answer says which. */
  readonly media?: string | readonly string[];
}

export type Answers = Readonly<Record<number, AnswerSpec>>;

/** Of what kind a request's body is. */
export type BodySpec =
  | v.GenericSchema
  /** Read by the handler, piece by piece: at most so many bytes. */
  | { readonly stream: string; readonly mostBytes: number };

/** Handlers may give what they themselves may not change. */
type Given<T> = T extends readonly (infer E)[]
  ? readonly Given<E>[]
  : T extends object
    ? { readonly [K in keyof T]: Given<T[K]> }
    : T;

type BodyOf<Spec> = Spec extends {
  readonly schema: infer S extends v.GenericSchema;
}
  ? Given<v.InferInput<S>>
  : ReadableStream<Uint8Array> | null;

/** One of the answers that a route documents. */
export type Answer<A extends Answers> = {
  [S in keyof A & number]: {
    readonly status: S;
    readonly body: BodyOf<A[S]>;
    readonly headers?: Readonly<Record<string, string>>;
  };
}[keyof A & number];

/** What a handler answers, with its status as the type knows it. */
export const answer = <const S extends number, B>(
  status: S,
  body: B,
  headers: Readonly<Record<string, string>> = {},
) => ({ status, body, headers });

type OutputOf<S> = S extends v.GenericSchema ? v.InferOutput<S> : undefined;

/** A request that is let in, with all that was read of it. */
export interface Call<Who, Q, B> {
  readonly caller: Who;
  /** Of the path, by their names. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: OutputOf<Q>;
  readonly body: OutputOf<B>;
  /** The address that it comes from, or "socket". */
  readonly from: string;
  /** Says what stood before the change, for the record: JSON, the shorter the better. */
  readonly before: (stood: unknown) => void;
  /** For what is no JSON: streams, cookies, redirects. */
  readonly context: Context<Env>;
}

interface Common<Q, B, A> {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Below `/api/v1`, as OpenAPI writes it: `/agents/{agent}`. */
  readonly path: `/${string}`;
  /** Unique; what clients that are made from the document call it. */
  readonly operationId: string;
  readonly tag: Tag;
  /** One line. */
  readonly summary: string;
  /** What one has to know beside the shapes. */
  readonly description?: string;
  readonly query?: Q;
  readonly body?: B;
  /** None is as good as an empty one. */
  readonly bodyOptional?: boolean;
  /** Where less than the usual will do: strangers may send it. */
  readonly mostBodyBytes?: number;
  /** The body holds a secret: what is wrong with it is told without its values. */
  readonly isSecret?: boolean;
  readonly answers: A;
  /** Statuses of problems beyond those that every such route may answer with. */
  readonly problems?: readonly number[];
}

/** What a route asks of who calls it. */
interface Let {
  /** The least role. */
  readonly allows: Role;
  /** "vendor": only who belongs to no org; "own": each sees what is theirs. */
  readonly scope: "vendor" | "own";
  /** It changes something: noted in the record, and never done twice. */
  readonly changes?: boolean;
  /** Only shortly after one has shown anew who one is. */
  readonly stepUp?: boolean;
  /** The answer holds a secret that is shown once. */
  readonly shownOnce?: boolean;
}

type Handle<Who, Q, B, A extends Answers> = (
  call: Call<Who, Q, B>,
) => Answer<A> | Promise<Answer<A>>;

interface RouteSpec<
  Q extends v.GenericSchema | undefined,
  B extends BodySpec | undefined,
  A extends Answers,
>
  extends Common<Q, B, A>, Let {
  readonly handle: Handle<Caller, Q, B, A>;
}

interface OpenSpec<
  Q extends v.GenericSchema | undefined,
  B extends BodySpec | undefined,
  A extends Answers,
> extends Common<Q, B, A> {
  readonly handle: Handle<Caller | undefined, Q, B, A>;
}

/** One operation of the API, whatever its shapes. */
export interface Route extends Common<
  v.GenericSchema | undefined,
  BodySpec | undefined,
  Answers
> {
  /** Null: anybody. */
  readonly lets: Let | null;
  handle(
    call: Call<unknown, v.GenericSchema, v.GenericSchema>,
  ): SomeAnswer | Promise<SomeAnswer>;
}

export interface SomeAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An operation for operators. */
export function route<
  Q extends v.GenericSchema | undefined,
  B extends BodySpec | undefined,
  const A extends Answers,
>(spec: RouteSpec<Q, B, A>): Route {
  const { allows, scope, changes, stepUp, shownOnce, handle, ...common } = spec;
  const lets: Let = {
    ...{ allows, scope },
    ...(changes && { changes }),
    ...(stepUp && { stepUp }),
    ...(shownOnce && { shownOnce }),
  };
  // Only the mount calls it, with what the route's own schemas came to.
  return { ...common, lets, handle: handle as Route["handle"] };
}

/** An operation for anybody: those by which one becomes known. */
export function openRoute<
  Q extends v.GenericSchema | undefined,
  B extends BodySpec | undefined,
  const A extends Answers,
>({ handle, ...common }: OpenSpec<Q, B, A>): Route {
  return { ...common, lets: null, handle: handle as Route["handle"] };
}

/** Chapters of the document. */
export const tags = {
  Bans: "Decisions: bans, lifts, imports, and what became of them on each host",
  Proposals: "What rules and people put before somebody else",
  Contests: "Bans that somebody calls wrong, and what is said to it",
  Hosts: "Agents, what they answered and what they saw",
  Orgs: "Customers, and the tokens by which their hosts come in",
  People: "Operators, their credentials and sessions",
  Cloud: "The cloud itself: its state, roots, approvals, record",
} as const;
export type Tag = keyof typeof tags;

/** Names in a path, in their order. */
export const paramsOf = (path: string): readonly string[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);
