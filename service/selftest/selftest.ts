import type { Matrix } from "./matrix.js";
import { inSandbox } from "./stage/sandbox.js";
import type { Manner } from "./stage/tourniquet.js";

/**
 * Tries on real packets what a ban of this program closes, in namespaces of its
 * own: nothing of the machine's network and firewall is touched.
 * @throws NoSandbox where it can't
 */
export function selftest(manner: Manner, stop: AbortSignal): Promise<Matrix> {
  const module = new URL("./stage/stage-main.js", import.meta.url);
  return inSandbox<Matrix>({ module, args: [JSON.stringify(manner)] }, stop);
}
