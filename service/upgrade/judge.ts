import { setTimeout as sleep } from "node:timers/promises";
import { failed } from "../../agent/text/failure.js";
import { messageOf } from "../../agent/text/message.js";
import { askAgent, NoAgent, orderAgent } from "../control/client.js";
import { PROVE } from "./orders.js";
import type { StatusView } from "../control/status-view.js";
import { lackOf, type Before } from "./before.js";

/** So long a new program has to become healthy, unless somebody says otherwise. */
export const HEALTHY_WITHIN_S = 90;

/** And so long it has to be healthy at a stretch: whoever crashes does so at once. */
const STEADY_MS = 10_000;

export interface Judging {
  readonly socket: string;
  readonly before: Before;
  /** The new program's. */
  readonly version: string;
  readonly withinSeconds: number;
  readonly steadyMs?: number;
}

/**
 * Returns once the running program is healthy, and has been for a while: its ledger
 * the same, the kernel equal to it, the cloud heard where it was before, packets
 * seen to be stopped.
 * @throws Failure with what it lacked at last
 */
export async function judge(judging: Judging): Promise<void> {
  const { withinSeconds, steadyMs = STEADY_MS } = judging;
  const until = performance.now() + withinSeconds * 1000;
  let lack = "it never answered";
  let since: number | undefined;
  while (performance.now() < until) {
    const found = await look(judging);
    if (found === undefined) since ??= performance.now();
    else [since, lack] = [undefined, found];
    if (since !== undefined && performance.now() - since >= steadyMs) return;
    await sleep(LOOK_EACH_MS);
  }
  throw failed(
    since === undefined
      ? lack
      : `it was not healthy for ${steadyMs / 1000} s at a stretch: ${lack}`,
  );
}

async function look(judging: Judging): Promise<string | undefined> {
  const { socket, before, version } = judging;
  try {
    const status = (await askAgent(socket, "/v1/status")) as StatusView;
    const lack = lackOf(status, before, version);
    // By itself it sends its first packet only after a minute.
    if (lack !== undefined) await orderAgent(socket, PROVE, {});
    return lack;
  } catch (error) {
    if (error instanceof NoAgent) return "its daemon does not start";
    return messageOf(error);
  }
}

const LOOK_EACH_MS = 500;
