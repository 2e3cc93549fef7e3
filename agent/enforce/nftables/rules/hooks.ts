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

// nft: type filter hook prerouting priority raw - 10; policy accept;
const PREROUTING: Hook = {
  name: "prerouting",
  number: HOOK.PREROUTING,
  priority: PRIORITY,
  direction: "in",
};
// nft: type filter hook postrouting priority raw - 10; policy accept;
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
// nft: type filter hook output priority -90; policy accept;
const OUTPUT: Hook = {
  name: "output",
  number: HOOK.OUTPUT,
  priority: -90,
  direction: "out",
};

export const HOOKS: readonly Hook[] = [PREROUTING, POSTROUTING, OUTPUT];

export const HOOK_PATHS: readonly HookPath[] = FAMILIES.flatMap((family) => [
  hookPath(PREROUTING, { family, name: `in${family}`, fate: "drop" }),
  hookPath(POSTROUTING, { family, name: `out${family}`, fate: "drop" }),
  hookPath(OUTPUT, { family, name: `local${family}`, fate: "reject" }),
]);

/** Those that a posture needs: nothing is rejected unless that was asked for. */
export function hookPathsFor({ mode, egress }: Posture): readonly HookPath[] {
  const rejects = mode === "enforce" && egress === "reject";
  return HOOK_PATHS.filter(({ fate }) => fate === "drop" || rejects);
}

/** "in4_6to32": where packets are looked up whose address lies in the band's areas. */
export const bandChain = ({ name }: HookPath, band: Band): string =>
  `${name}_${bandName(band)}`;
/** "banned_in4": what becomes of packets that a ban matches. */
export const bannedChain = ({ name }: HookPath): string => `banned_${name}`;
/** "watched_in4": what becomes of packets that are merely observed. */
export const watchedChain = ({ name }: HookPath): string => `watched_${name}`;

/** Tells a local program at once that it can't go there. */
export const REFUSED = "refused";

function hookPath(
  { name: hook, direction }: Hook,
  rest: Pick<HookPath, "family" | "name" | "fate">,
): HookPath {
  return { ...rest, hook, direction };
}
