import type { AgentOrders, AgentView } from "../../agent/agent.js";
import * as v from "valibot";
import { parseJson } from "../../agent/protocol/shapes.js";
import { failed } from "../../agent/text/failure.js";
import { statusOf } from "../control/status-view.js";
import type { BanClock } from "../../agent/runtime/clock.js";
import { beforeOf } from "./before.js";
import { keepFormer } from "./keep.js";

export const KEEP = "/v1/upgrade/keep";
export const PROVE = "/v1/upgrade/prove";

const KeepOrder = v.strictObject({
  /** The asker's: a copy of another's ledger would be of no use to it. */
  version: v.string(),
  begins: v.boolean(),
});
export type KeepOrder = v.InferOutput<typeof KeepOrder>;

export interface Kept {
  /** Bytes of the ledger's copy. */
  readonly bytes: number;
}

type Upgraded = AgentView & AgentOrders & { readonly clock: BanClock };

/** What an upgrade orders of the running agent, by the path that it is posted to. */
export const upgradeOrders = (
  agent: Upgraded,
  {
    stateDir,
    version,
  }: { readonly stateDir: string; readonly version: string },
): ReadonlyMap<string, (body: string) => Promise<object>> =>
  new Map<string, (body: string) => Promise<object>>([
    [
      KEEP,
      async (body): Promise<Kept> => {
        const order = parseJson(KeepOrder, body, "order");
        if (order.version !== version) {
          throw failed(
            `version ${version} runs, and ${order.version} could not go on with its ledger`,
          );
        }
        const { clock } = agent;
        const before = beforeOf(await statusOf({ agent, clock, version }));
        const ledger = agent.upgrading;
        const bytes = await keepFormer({
          ...{ stateDir, ledger, before, begins: order.begins },
        });
        return { bytes };
      },
    ],
    [
      PROVE,
      async () => {
        await agent.upgrading.prove();
        return {};
      },
    ],
  ]);
