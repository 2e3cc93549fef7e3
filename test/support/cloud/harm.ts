import { wire2 } from "../../../agent/protocol/wire.js";
import type { ReportedItem } from "../../../agent/protocol/telemetry-v2.js";
import { signAsDevice } from "../../../agent/trust/sign.js";
import { TestAgent } from "../agent/test-agent.js";
import type { Enrolled } from "./cloud.js";

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
  await agent.hello(who, [], { capabilities });
  await agent.next("welcome");
  return { who, agent };
}

/** What a host states whose operator released a range. */
export const released = (range: string) => ({
  ...{ what: "released", range, until: Date.now() + 3_600_000 },
});

/** Resolves once the cloud has it. */
export async function state(
  { who, agent }: StatingHost,
  fact: object,
): Promise<void> {
  const time = Date.now();
  const document = { agent: who.agent, time, mode: "enforce", ...fact };
  const signed = signAsDevice("statement", document, who.key, 2);
  const item: ReportedItem = { kind: "statement", ...signed };
  await agent.report(item as never);
}
