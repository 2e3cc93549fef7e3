import { wire2 } from "../../../agent/protocol/wire.js";
import type { ReportedItem } from "../../../agent/protocol/telemetry-v2.js";
import type { Position } from "../../../agent/model/position.js";
import { signAsDevice } from "../../../agent/trust/sign.js";
import { Lifetime } from "../../../agent/runtime/lifetime.js";
import { RecordingLogger } from "../agent/recording-logger.js";
import { TestAgent, wirePosition } from "../agent/test-agent.js";
import {
  eventually,
  startTestCloud,
  type Enrolled,
  type TestCloud,
  type TestCloudOptions,
} from "./cloud.js";

/** A host, and the connection that it states by. */
export interface StatingHost {
  readonly who: Enrolled;
  readonly agent: TestAgent;
}

/** It goes by policies, unless told what else it can. */
export async function connectStating(
  cloud: { readonly url: string },
  who: Enrolled,
  capabilities: readonly string[] = ["policy"],
): Promise<StatingHost> {
  const agent = TestAgent.dial(cloud.url, wire2);
  await agent.hello(who, [], { capabilities, version: "0.6.0" });
  await agent.next("welcome");
  return { who, agent };
}

/** What a host states whose operator released a range. */
export const released = (range: string) => ({
  ...{ what: "released", range, until: Date.now() + 3_600_000 },
});

/** What one states that a change led to harm: where that led to. */
export const failed = (position: Position) => ({
  ...{ what: "trial-failed", feed: position.feed, revision: position.offset },
  ...{ position: wirePosition(position), bans: 1, why: ["no gateway"] },
});

/** Resolves once the cloud has it, which need not have answered to it yet. */
export async function state(
  { who, agent }: StatingHost,
  ...facts: readonly object[]
): Promise<void> {
  const time = Date.now();
  const items = facts.map((fact): ReportedItem => {
    const document = { agent: who.agent, time, mode: "enforce", ...fact };
    const signed = signAsDevice("statement", document, who.key, 2);
    return { kind: "statement", ...signed };
  });
  await agent.report(...(items as never[]));
}

/** What is banned for everybody, urgently. */
export async function rangesBanned(
  cloud: TestCloud,
): Promise<readonly string[]> {
  type Listed = { readonly items: readonly { readonly range: string }[] };
  const path = "/api/v1/bans?feed=urgent";
  const { body } = await cloud.request<Listed>("GET", path);
  return body.items.map(({ range }) => range);
}

/** A cloud with a host of an org for each that is named, all connected. */
export async function statingHosts(
  orgs: readonly string[],
  options: TestCloudOptions = {},
) {
  await using opened = new Lifetime();
  const log = new RecordingLogger();
  const cloud = opened.own(await startTestCloud({ log, ...options }));
  const connect = async (org: string, hostname: string) => {
    const host = await connectStating(cloud, await cloud.enrol(org, hostname));
    opened.own(host.agent);
    return host;
  };
  const hosts: StatingHost[] = [];
  for (const [n, org] of orgs.entries()) {
    hosts.push(await connect(org, `host-${n}`));
  }
  const last = await connect(LAST, "last");
  // What hurts an org's only host is held for nobody.
  const alone = orgs.filter(
    (each) => orgs.indexOf(each) === orgs.lastIndexOf(each),
  );
  for (const org of [...alone, LAST]) await cloud.enrol(org, "beside");
  const running = opened.release();
  return {
    ...{ cloud, hosts, log, answered: () => answered(cloud, last) },
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

/**
 * Resolves once the cloud has answered to all harm that was stated so far: what is
 * stated last is answered to last. At most eight times a test.
 */
async function answered(cloud: TestCloud, last: StatingHost): Promise<void> {
  const path = `/api/v1/orgs/${LAST}/policy`;
  const version = async () => {
    type Shown = { readonly version?: number };
    return (await cloud.request<Shown>("GET", path)).body.version ?? 0;
  };
  const before = await version();
  const range = `192.0.2.${before + 1}`;
  await cloud.ban(range, { feed: `org/${LAST}` });
  await state(last, released(range));
  await eventually(async () => (await version()) > before || undefined);
}

const LAST = "last";
