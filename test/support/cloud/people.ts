import { json } from "node:stream/consumers";
import { askAtOperatorsDoor } from "../../../cloud/door/operators-door.js";
import type { Role } from "../../../cloud/operators/roles.js";
import type { Answer, TestCloud } from "./cloud.js";

/** Asks the API at the operators' own door, where one has the step-up. */
export async function askAtDoor<T>(
  { dir }: Pick<TestCloud, "dir">,
  token: string,
  [method, path, body]: readonly [string, string, unknown?],
): Promise<Answer<T>> {
  const headers = { authorization: `Bearer ${token}` };
  const options = { method, headers, path: `/api/v1${path}` };
  const text = body === undefined ? undefined : JSON.stringify(body);
  const answer = await askAtOperatorsDoor(dir, options, text);
  return { status: answer.statusCode ?? 0, body: (await json(answer)) as T };
}

/** Asks the API at the public door; a text goes as it is. */
export async function askAsOperator<T>(
  { url }: Pick<TestCloud, "url">,
  token: string,
  [method, path, body]: readonly [string, string, unknown?],
): Promise<Answer<T>> {
  const response = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${token}` },
    ...(body !== undefined && { body: textOf(body) }),
  });
  return { status: response.status, body: (await response.json()) as T };
}

const textOf = (body: unknown): string =>
  typeof body === "string" ? body : JSON.stringify(body);
/** Trusts an agent no more, as the cloud's first admin does. */
export async function revoke(
  cloud: Pick<TestCloud, "dir" | "operator">,
  agent: string,
): Promise<void> {
  const order = ["POST", `/agents/${agent}/revoke`] as const;
  const { status } = await askAtDoor(cloud, cloud.operator, order);
  if (status !== 200) throw new Error(`revoking got ${status}`);
}

export interface Person {
  /** "opr-…". */
  readonly id: string;
  readonly name: string;
  /** "tok-…". */
  readonly credential: string;
  readonly token: string;
}

/** Lets somebody in, with a token, as the cloud's first admin does. */
export async function letIn(
  cloud: Pick<TestCloud, "dir" | "operator">,
  {
    org = null,
    ...joining
  }: {
    readonly name: string;
    readonly role: Role;
    readonly org?: string | null;
    readonly limits?: object;
    readonly collection?: string;
  },
): Promise<Person> {
  const ask = <T>(path: string, body: object) =>
    askAtDoor<T>(cloud, cloud.operator, ["POST", path, body]);
  const added = await ask<{ id: string }>("/operators", { ...joining, org });
  if (added.status !== 201) throw new Error(JSON.stringify(added.body));
  const { id } = added.body;
  type Made = { id: string; token: string };
  const { body: made } = await ask<Made>(`/operators/${id}/tokens`, {});
  const { name } = joining;
  return { id, name, credential: made.id, token: made.token };
}
