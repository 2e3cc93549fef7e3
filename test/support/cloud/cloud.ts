import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger, type Logger } from "../../../agent/log/logger.js";
import { EnrolmentAnswer } from "../../../agent/protocol/enrolment.js";
import { parseShape } from "../../../agent/protocol/shapes.js";
import { systemClock, type Clock } from "../../../agent/runtime/clock.js";
import { generateKey, type SigningKey } from "../../../agent/trust/keys.js";
import { startCloud, type CloudConfig } from "../../../cloud/cloud.js";
import type { Decision } from "../../../cloud/decide/deeds.js";
import {
  foundCloud,
  loadCloud,
  readOperatorToken,
} from "../../../cloud/setup.js";
import { enrolmentOf, type EnrollingHost } from "./enrolling.js";

/** A folder that is gone after the test. */
export function temporaryFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), "tourniquet-cloud-"));
  return {
    path,
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}

export interface TestCloudOptions {
  /** An earlier cloud's folder; a new one by default. */
  readonly dir?: string;
  readonly clock?: Clock;
  readonly heartbeatMs?: number;
  readonly log?: Logger;
  readonly operatorsOnPublic?: boolean;
  /** Where a proxy stands; by default, where the cloud listens. */
  readonly publicUrl?: string;
  readonly login?: CloudConfig["login"];
  readonly outgoing?: CloudConfig["outgoing"];
  readonly countries?: string;
  /** With a root that agents of version 1 read. */
  readonly v1Agents?: boolean;
  /**
   * Which orders take a second person: none, unless a test is about that. Most
   * tests give their orders as the only admin there is.
   */
  readonly twoPersons?: Partial<CloudConfig["twoPersons"]>;
  readonly contest?: Partial<CloudConfig["contest"]>;
  /** Beside `NEW_VENDOR`. */
  readonly correlation?: Partial<CloudConfig["correlation"]>;
  /** What is large goes to all hosts at once, unless a test is about that. */
  readonly rollout?: Partial<CloudConfig["rollout"]>;
}

/** Settings of a vendor so new that no org has any standing: all of them count. */
export const NEW_VENDOR = {
  ...{ orgs: 2, standingDays: 0, standingHosts: 1, standingConfirmed: 0 },
} as const;

/** A host that was let in: all it needs to connect. */
export interface Enrolled {
  readonly agent: string;
  readonly org: string;
  readonly cloud: string;
  readonly key: SigningKey;
}

export interface Answer<T> {
  readonly status: number;
  readonly body: T;
}

/** A real cloud in its own folder, listening on a free port of loopback. */
export async function startTestCloud(options: TestCloudOptions = {}) {
  const folder = options.dir === undefined ? temporaryFolder() : undefined;
  const dir = options.dir ?? join(folder?.path ?? "", "cloud");
  const clock = options.clock ?? systemClock;
  if (folder !== undefined) {
    const { v1Agents } = options;
    const founding = { dir, name: "test-cloud", publicUrl: undefined };
    foundCloud({ ...founding, v1Agents, listen: "127.0.0.1:0" }, clock);
  }
  const config = configOf(dir, options);
  const log = options.log ?? silentLogger;
  const cloud = await startCloud(config, { clock, log });
  const operator = readOperatorToken(dir);

  const request = async <T>(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<Answer<T>> => {
    const response = await fetch(cloud.url + path, {
      method,
      headers: { authorization: `Bearer ${operator}` },
      ...(body === undefined ? {} : { body: textOf(body) }),
    });
    return { status: response.status, body: (await response.json()) as T };
  };

  return {
    ...{ url: cloud.url, dir, config, operator, request },
    signing: config.signing,
    root: config.signing.root,
    ban: async (range: string, more: object = {}) =>
      (await request<Decision>("POST", "/api/v1/bans", { range, ...more }))
        .body,
    lift: async (range: string, more: object = {}) =>
      (await request<Decision>("POST", "/api/v1/lifts", { range, ...more }))
        .body,
    addOrg: async (name: string) =>
      (await request<{ id: string }>("POST", "/api/v1/orgs", { name })).body.id,
    token: async (org: string) =>
      (await request<Made>("POST", "/api/v1/enrolment-tokens", { org })).body
        .token,
    /** Lets a host of the org in; the org is made when it is not there. */
    enrol: async (org = "example", hostname?: string): Promise<Enrolled> => {
      await request("POST", "/api/v1/orgs", { id: org, name: org });
      const tokens = "/api/v1/enrolment-tokens";
      const made = await request<Made>("POST", tokens, { org });
      const key = generateKey();
      const { token } = made.body;
      const { status, body: answer } = await enrolWith(
        ...([cloud.url, token, key] as const),
        hostname === undefined ? {} : { hostname },
      );
      if (status !== 201) throw new Error(`enrolment got ${status}`);
      const { agent, cloud: name } = parseShape(
        EnrolmentAnswer,
        answer,
        "answer",
      );
      return { agent, org, cloud: name, key };
    },
    [Symbol.asyncDispose]: async () => {
      await cloud[Symbol.asyncDispose]();
      folder?.[Symbol.dispose]();
    },
  };
}

/** What the folder says, and the test besides. */
function configOf(dir: string, options: TestCloudOptions): CloudConfig {
  const { login, outgoing, publicUrl, correlation, countries } = options;
  const loaded = loadCloud(dir, undefined);
  return {
    ...{ ...loaded, publicUrl },
    ...(login && { login }),
    ...(outgoing && { outgoing }),
    ...(countries !== undefined && { countries }),
    twoPersons: {
      ...loaded.twoPersons,
      enabled: false,
      ...twoPersonsOf(options),
    },
    contest: { ...loaded.contest, ...options.contest },
    rollout: {
      ...{ ...loaded.rollout, enabled: options.rollout !== undefined },
      ...options.rollout,
    },
    heartbeatMs: options.heartbeatMs ?? 25_000,
    operatorsOnPublic: options.operatorsOnPublic ?? true,
    correlation: { ...loaded.correlation, ...NEW_VENDOR, ...correlation },
  };
}

/** Who says anything of them has them enabled. */
const twoPersonsOf = ({ twoPersons }: TestCloudOptions) =>
  twoPersons && { enabled: true, ...twoPersons };

export type TestCloud = Awaited<ReturnType<typeof startTestCloud>>;

interface Made {
  readonly token: string;
}

/** Does what the installer does with a token. */
export async function enrolWith(
  url: string,
  token: string,
  key: SigningKey,
  host: Partial<EnrollingHost> = {},
): Promise<Answer<unknown>> {
  const response = await fetch(`${url}/v1/enrol`, {
    method: "POST",
    body: JSON.stringify(enrolmentOf(token, key, host)),
  });
  return { status: response.status, body: await response.json() };
}

/** Looks again and again, until it is so or patience is lost. */
export async function eventually<T>(
  look: () => Promise<T | undefined> | T | undefined,
): Promise<T> {
  const deadline = Date.now() + 15_000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error("it never came to be");
    await systemClock.sleep(20);
  }
}

const textOf = (body: unknown): string =>
  typeof body === "string" ? body : JSON.stringify(body);
