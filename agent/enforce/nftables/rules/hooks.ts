import { HOOK } from "../../../netlink/nftables/constants.js";
import type { Posture } from "../../enforcer.js";
import { bandName, type Band } from "../sets/areas.js";
import { FAMILIES, PRIORITY, type Side } from "../sets/layout.js";

/** Where in the kernel packets are looked at. */
export interface Hook {
  readonly name: "prerouting" | "postrouting" | "output";
  readonly number: number;
  readonly priority: number;
  readonly direction: Side["direction"];
}

/** What becomes of packets of one family at one hook. */
export interface HookPath extends Side {
  readonly hook: Hook["name"];
  /** What its chains are named after. */
  readonly name: string;
  readonly fate: "drop" | "reject";
}

const PREROUTING: Hook = {
  name: "prerouting",
  number: HOOK.PREROUTING,
  priority: PRIORITY,
  direction: "in",
};
const POSTROUTING: Hook = {
  name: "postrouting",
  number: HOOK.POSTROUTING,
  priority: PRIORITY,
  direction: "out",
};

/**
 * Behind the rewriting of destinations (-100), where the real one shows. The
 * kernel can reject here, which it can't in postrouting.
 */
const OUTPUT: Hook = {
  name: "output",
  number: HOOK.OUTPUT,
  priority: -90,
  direction: "out",
};

export const HOOKS: readonly Hook[] = [PREROUTING, POSTROUTING, OUTPUT];

export const HOOK_PATHS: readonly HookPath[] = FAMILIES.flatMap((family) => [
  station(PREROUTING, { family, name: `in${family}`, fate: "drop" }),
  station(POSTROUTING, { family, name: `out${family}`, fate: "drop" }),
  station(OUTPUT, { family, name: `local${family}`, fate: "reject" }),
]);

/** Those that a posture needs: nothing is rejected unless that was asked for. */
export function hookPathsFor({ mode, egress }: Posture): readonly HookPath[] {
  const rejects = mode === "enforce" && egress === "reject";
  return HOOK_PATHS.filter(({ fate }) => fate === "drop" || rejects);
}

export const bandChain = ({ name }: HookPath, band: Band): string =>
  `${name}_${bandName(band)}`;
export const bannedChain = ({ name }: HookPath): string => `banned_${name}`;
export const watchedChain = ({ name }: HookPath): string => `watched_${name}`;

/** Tells a local program at once that it can't go there. */
export const REFUSED = "refused";

function station(
  { name: hook, direction }: Hook,
  rest: Pick<HookPath, "family" | "name" | "fate">,
): HookPath {
  return { ...rest, hook, direction };
}
