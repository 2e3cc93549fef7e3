import { quotasHold } from "../lab/quota.js";
import { readUnit } from "../lab/unit.js";

/**
 * The unit's flags that change how code runs. A bench keeps whole lists in
 * memory, for the peers as well, so it takes over no limit of the heap.
 */
export const codeFlags = (): readonly string[] =>
  readUnit("tourniquet").flags.filter((flag) => !flag.includes("-size="));

/** How agents of a bench run, in one line. */
export function installedAs(): string {
  const { flags, environment, quotaPercent } = readUnit("tourniquet");
  const settings = Object.entries(environment).map(
    ([key, value]) => `${key}=${value}`,
  );
  const quota =
    quotaPercent === undefined
      ? []
      : [
          `CPUQuota=${quotaPercent}%${quotasHold() ? "" : " (not held to here)"}`,
        ];
  return [...flags, ...settings, ...quota].join(" ");
}
