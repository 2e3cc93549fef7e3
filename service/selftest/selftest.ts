import type { Backend } from "../../agent/enforce/pick.js";
import type { Matrix } from "./matrix.js";
import { inSandbox } from "./sandbox.js";

/**
 * Tries on real packets what a ban of this program closes, in namespaces of its
 * own: nothing of the machine's network and firewall is touched.
 * @throws NoSandbox where it can't
 */
export function selftest(backend: Backend, stop: AbortSignal): Promise<Matrix> {
  const module = new URL("stage-main.js", import.meta.url);
  return inSandbox<Matrix>({ module, args: [backend] }, stop);
}
