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
export interface Station extends Side {
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

export const STATIONS: readonly Station[] = FAMILIES.flatMap((family) => [
  station(PREROUTING, { family, name: `in${family}`, fate: "drop" }),
  station(POSTROUTING, { family, name: `out${family}`, fate: "drop" }),
  station(OUTPUT, { family, name: `local${family}`, fate: "reject" }),
]);

/** Those that a posture needs: nothing is rejected unless that was asked for. */
export function stationsFor({ mode, egress }: Posture): readonly Station[] {
  const rejects = mode === "enforce" && egress === "reject";
  return STATIONS.filter(({ fate }) => fate === "drop" || rejects);
}

export const bandChain = ({ name }: Station, band: Band): string =>
  `${name}_${bandName(band)}`;
export const bannedChain = ({ name }: Station): string => `banned_${name}`;
export const watchedChain = ({ name }: Station): string => `watched_${name}`;

/** Tells a local program at once that it can't go there. */
export const REFUSED = "refused";

function station(
  { name: hook, direction }: Hook,
  rest: Pick<Station, "family" | "name" | "fate">,
): Station {
  return { ...rest, hook, direction };
}
