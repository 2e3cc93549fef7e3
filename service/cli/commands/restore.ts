import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import type { Config } from "../../../agent/config/config.js";
import type { Enforcer } from "../../../agent/enforce/enforcer.js";
import { pickEnforcer } from "../../../agent/enforce/pick.js";
import { protectedRanges } from "../../../agent/guard/guard.js";
import { openBoot } from "../../../agent/host/boot.js";
import {
  CLOUD_ADDRESSES,
  rememberedIn,
} from "../../../agent/host/cloud-addresses.js";
import { HostReader } from "../../../agent/host/facts.js";
import {
  LedgerLocked,
  type LedgerDamage,
} from "../../../agent/ledger/damage.js";
import { Ledger } from "../../../agent/ledger/ledger.js";
import {
  isOutOfReach,
  ledgerOptions,
  openStandIn,
} from "../../../agent/ledger/stand-in.js";
import type { Cidr } from "../../../agent/model/cidr.js";
import { systemClock, unixSeconds } from "../../../agent/runtime/clock.js";
import { BanTime } from "../../../agent/time/ban-time.js";
import {
  Reconciler,
  NotYetComplete,
} from "../../../agent/walks/reconcile/reconciler.js";

/** `tourniquet restore`: what the ledger knows, into the kernel, before any network. */
export function restoreCommand(program: Command, config: () => Config): void {
  program
    .command("restore")
    .description(
      "put the ledger's bans into the kernel and end; for the boot, before the network",
    )
    .action(async () => {
      process.stdout.write(`${await restore(config())}\n`);
    });
}

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
  const { backend, egress } = config.enforce;
  const { platform } = process;
  const boot = await openBoot();
  using time = new BanTime({ clock: systemClock, boot, ledger });
  const { clock } = time;
  await using enforcer = await pickEnforcer({ backend, platform, clock });
  const now = unixSeconds(clock.now());
  ledger.overrides.endPause(now);
  const released = ledger.overrides.releases(now).map(({ cidr }) => cidr);
  await protect(enforcer, config, released);
  const converger = new Reconciler({
    desired: ledger,
    enforcer,
    clock,
    posture: () => ({ mode: ledger.mode(), egress }),
    applied: () => undefined, // there are no sessions yet
    mayReplace: () => false,
    timers: time,
  });
  const revision = await converger.reconcile();
  return `the kernel holds the ledger's revision ${revision}`;
}

/**
 * Before the network this host may have no addresses yet, and names can't be
 * looked up: the daemon tells the kernel the rest. A ruleset that is there
 * already was told more than is known here, and keeps it.
 */
async function protect(
  enforcer: Enforcer,
  config: Config,
  released: readonly Cidr[],
): Promise<void> {
  if ((await enforcer.read()).at === "present") return;
  const host = new HostReader({
    adminPorts: config.guard.sessions.ports,
    unreadable: () => undefined, // the daemon will tell
  });
  const facts = await host.read(
    await rememberedIn(join(config.stateDir, CLOUD_ADDRESSES)),
  );
  await enforcer.protect(protectedRanges({ ...facts, released }, config.guard));
}
