import { hostBytes } from "../../../netlink/attributes.js";
import { META, VERDICT } from "../../../netlink/nftables/constants.js";
import {
  equals,
  meta,
  verdict,
} from "../../../netlink/nftables/expressions.js";
import {
  addBaseChain,
  addChain,
  addRule,
  deleteChain,
  flushRules,
} from "../../../netlink/nftables/messages.js";
import type { MessageWriter } from "../../../netlink/writer.js";
import { allBands } from "../sets/areas.js";
import { TABLE, type Layout } from "../sets/layout.js";
import {
  HOOKS,
  REFUSED,
  HOOK_PATHS,
  bandChain,
  bannedChain,
  hookPathsFor,
  watchedChain,
  type Hook,
  type HookPath,
} from "./hooks.js";
import { lookUps, watches } from "./lookup-rules.js";
import {
  dropRules,
  refused,
  observeRules,
  type Build,
  type Rule,
} from "./verdicts.js";

/**
 * Every rule of the table, by chain. What comes in is looked at by its source
 * in prerouting, so for this host, for containers and for hosts behind it. What
 * goes out is looked at by its destination in postrouting, so from all of them,
 * and after any rewriting of the destination.
 */
export function rulesOf(
  layout: Layout,
  build: Build,
): ReadonlyMap<string, readonly Rule[]> {
  const paths = hookPathsFor(build.posture);
  const rejecting = paths.some(({ fate }) => fate === "reject");
  return new Map([
    ...checks(layout, build),
    ...paths.map(
      (each) => [bannedChain(each), dropRules(each, build)] as const,
    ),
    ...paths
      .filter(({ fate }) => fate === "drop")
      .map((each) => [watchedChain(each), observeRules(each, build)] as const),
    ...(rejecting ? [[REFUSED, refused()] as const] : []),
  ]);
}

/** Writes the chains where they are missing, and all their rules anew. */
// nft: add chain inet tourniquet banned_in4; flush table inet tourniquet;
//      add rule inet tourniquet banned_in4 drop
export function writeRules(
  w: MessageWriter,
  layout: Layout,
  build: Build,
): void {
  const rules = rulesOf(layout, build);
  for (const hook of HOOKS) addBaseChain(w, TABLE, hook.name, hook);
  for (const name of REGULAR_CHAINS) addChain(w, TABLE, name);
  flushRules(w, TABLE);
  for (const [chain, steps] of rules) write(w, chain, steps);
  // They were added first, since deleting what is absent fails the batch.
  for (const name of [...HOOKS.map((hook) => hook.name), ...REGULAR_CHAINS]) {
    if (!rules.has(name)) deleteChain(w, TABLE, name);
  }
}

/** Writes the look-ups anew: a prefix length has got its first ban. */
// nft: add chain inet tourniquet in4_6to32; flush chain inet tourniquet in4_6to32;
//      add rule inet tourniquet in4_6to32 ip saddr @ban4_32_a goto banned_in4
export function writeChecks(
  w: MessageWriter,
  layout: Layout,
  build: Build,
): void {
  const rewritten = checks(layout, build);
  const isHook = (chain: string) => HOOKS.some(({ name }) => name === chain);
  for (const [chain] of rewritten) {
    if (!isHook(chain)) addChain(w, TABLE, chain);
    flushRules(w, TABLE, chain);
  }
  for (const [chain, rules] of rewritten) write(w, chain, rules);
}

const REGULAR_CHAINS: readonly string[] = [
  ...[bannedChain, watchedChain].flatMap((name) => HOOK_PATHS.map(name)),
  ...HOOK_PATHS.flatMap((path) =>
    allBands(path.family).map((band) => bandChain(path, band)),
  ),
  REFUSED,
];

function write(w: MessageWriter, chain: string, rules: readonly Rule[]): void {
  for (const rule of rules) addRule(w, TABLE, chain, rule);
}

/** The chains that a packet goes through which nobody banned. */
function checks(
  layout: Layout,
  { posture }: Build,
): (readonly [string, readonly Rule[]])[] {
  const paths = hookPathsFor(posture);
  const at = ({ name }: Hook) => paths.filter(({ hook }) => hook === name);
  return [
    ...HOOKS.filter((hook) => at(hook).length > 0).map(
      (hook) => [hook.name, entrance(hook, at(hook), layout)] as const,
    ),
    ...paths.flatMap((path) => [...lookUps(path, layout).further]),
  ];
}

/**
 * Where packets come in from the hook: loopback passes. What no ban stops comes
 * back, and is compared with what is merely observed, if anything is.
 */
function entrance(
  { direction }: Hook,
  paths: readonly HookPath[],
  layout: Layout,
): Rule[] {
  const device = direction === "in" ? META.IIF : META.OIF;
  return [
    // nft: iif "lo" accept
    [meta(device), equals(LOOPBACK), verdict(VERDICT.ACCEPT)],
    ...paths.flatMap((path) => lookUps(path, layout).first),
    ...paths
      .filter(({ fate }) => fate === "drop")
      .flatMap((path) => watches(path, layout)),
  ];
}

/** Index of `lo`, the same in every network namespace. */
const LOOPBACK = hostBytes(1);
