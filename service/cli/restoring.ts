import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../../agent/config/config.js";
import {
  CLOUD_ADDRESSES,
  rememberedIn,
} from "../../agent/host/cloud-addresses.js";
import { LedgerLocked, type LedgerDamage } from "../../agent/ledger/damage.js";
import { Ledger } from "../../agent/ledger/ledger.js";
import {
  isOutOfReach,
  ledgerOptions,
  openStandIn,
} from "../../agent/ledger/stand-in.js";
import { openOffline } from "../../agent/offline.js";
import { unixSeconds } from "../../agent/runtime/clock.js";
import {
  Reconciler,
  NotYetComplete,
} from "../../agent/walks/reconcile/reconciler.js";

/**
 * Makes the kernel hold what the ledger says, without network and identity, and
 * returns in one line what came of it. Makes no ledger and mends none: both are
 * the daemon's.
 * @throws LedgerDamage, CannotEnforce or NotEnforced
 */
export async function restore(config: Config): Promise<string> {
  const path = join(config.stateDir, "ledger.db");
  if (!existsSync(path)) return "nothing to restore: there is no ledger yet";
  try {
    using ledger = openForReading(path, config);
    return await intoKernel(ledger, config);
  } catch (error) {
    if (error instanceof LedgerLocked) {
      return "nothing to restore: the agent runs and holds the ledger";
    }
    if (error instanceof NotYetComplete) return error.message;
    throw error;
  }
}

/** A disk that takes no writes is no reason to restore nothing. */
function openForReading(path: string, config: Config): Ledger {
  const { memory, ...options } = ledgerOptions(config);
  try {
    return Ledger.open(path, options);
  } catch (why) {
    if (!isOutOfReach(path, why)) throw why;
    const standsInFor = (why as LedgerDamage).problem;
    return openStandIn(path, memory, { ...options, standsInFor });
  }
}

async function intoKernel(ledger: Ledger, config: Config): Promise<string> {
  await using offline = await openOffline(config, ledger, process.platform);
  const { time } = offline;
  const enforcer = await offline.openEnforcer();
  ledger.overrides.endPause(unixSeconds(time.clock.now()));
  // A ruleset that is there was told more than is known here, and keeps it.
  if ((await enforcer.read()).at !== "present") {
    const path = join(config.stateDir, CLOUD_ADDRESSES);
    // Before the network there may be no addresses: the daemon tells the rest.
    const facts = await offline.facts(await rememberedIn(path));
    await enforcer.protect(offline.protectedBy(facts));
  }
  const reconciler = new Reconciler({
    desired: ledger,
    enforcer,
    clock: time.clock,
    posture: () => ({ mode: ledger.mode(), egress: config.enforce.egress }),
    applied: () => undefined, // there are no sessions yet
    mayReplace: () => false,
    timers: time,
  });
  const revision = await reconciler.reconcile();
  return `the kernel holds the ledger's revision ${revision}`;
}
