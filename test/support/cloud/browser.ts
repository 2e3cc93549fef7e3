import type { TestCloud } from "./cloud.js";
import { askAsOperator, askAtDoor } from "./people.js";

export const PASSWORD = "correct horse battery";
export const RIGHT = { name: "admin", password: PASSWORD };

export interface Asking {
  readonly method?: string;
  readonly body?: unknown;
  readonly cookie?: string;
  readonly headers?: Record<string, string>;
  /** False: the test says itself where the request is from. */
  readonly ownSite?: boolean;
}

export const ask = (
  { url }: Pick<TestCloud, "url">,
  path: string,
  { method = "GET", body, cookie, headers, ownSite = true }: Asking,
): Promise<Response> =>
  fetch(`${url}/api/v1${path}`, {
    ...{ method, redirect: "manual" },
    headers: {
      ...(cookie !== undefined && { cookie }),
      ...(ownSite && { "sec-fetch-site": "same-origin" }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });

export async function post(
  cloud: Pick<TestCloud, "url">,
  path: string,
  asking: Asking,
): Promise<{ readonly status: number; readonly body: unknown }> {
  const answer = await ask(cloud, path, { method: "POST", ...asking });
  return { status: answer.status, body: await answer.json() };
}

export async function signIn(
  cloud: Pick<TestCloud, "url">,
  { body = RIGHT, ...asking }: Asking = {},
): Promise<{ readonly answer: Response; readonly cookie: string }> {
  const more = { ...asking, method: "POST", body };
  const answer = await ask(cloud, "/session", more);
  return { answer, cookie: cookieOf(answer) };
}

export const cookieOf = ({ headers }: Response): string =>
  headers.get("set-cookie")?.split(";")[0] ?? "";

/** At the operators' own door, as who founded the cloud. */
export async function setPassword(cloud: TestCloud): Promise<void> {
  const { status } = await askAtDoor(cloud, cloud.operator, [
    ...(["POST", "/operators/admin/password", { password: PASSWORD }] as const),
  ]);
  if (status !== 201) throw new Error(`no password: ${status}`);
}

export const stepUp = (cloud: TestCloud, password: string) =>
  askAsOperator<{ steppedUpUntil?: string }>(cloud, cloud.operator, [
    ...(["POST", "/session/step-up", { password }] as const),
  ]);

export async function codeOf(answer: Response): Promise<unknown> {
  return ((await answer.json()) as { code: unknown }).code;
}
