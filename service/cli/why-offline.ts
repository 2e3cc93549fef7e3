import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../../agent/config/config.js";
import { CannotEnforce, type Enforcer } from "../../agent/enforce/enforcer.js";
import { holdingRule } from "../../agent/guard/guard.js";
import { LedgerLocked } from "../../agent/ledger/damage.js";
import { Ledger } from "../../agent/ledger/ledger.js";
import { overlaps, type Cidr } from "../../agent/model/cidr.js";
import { openOffline } from "../../agent/offline.js";
import { failed } from "../../agent/text/failure.js";
import { whyOf, type WhyView } from "../control/why-view.js";

/** What the ledger and the kernel say of a range while no agent runs. */
export async function withoutAgent(
  cidr: Cidr,
  config: Config,
): Promise<WhyView> {
  const path = join(config.stateDir, "ledger.db");
  if (!existsSync(path)) {
    throw failed(`no agent is running, and there is no ledger at ${path}`);
  }
  using ledger = openLedger(path);
  await using offline = await openOffline(config, ledger, process.platform);
  const enforcer = await orRefusing(offline.openEnforcer());
  const facts = await offline.facts([]);
  const allowed = offline.protectedBy(facts);
  return await whyOf(cidr, {
    ledger,
    enforcer: {
      read: () => enforcer.read(),
      hits: () => enforcer.hits(),
      /** The kernel has them too, but nobody has told this process which. */
      wouldDrop: async (addresses) =>
        (await enforcer.wouldDrop(addresses)).map(
          (dropped, i) =>
            dropped && !allowed.some((each) => touches(each, addresses[i])),
        ),
    },
    clock: offline.time.clock,
    contacts: () => [],
    // What lacks an approval is said by the ledger: it is held.
    guardedBy: (range) => holdingRule(range, facts, config.guard, () => true),
  });
}

const touches = (range: Cidr, address: Cidr | undefined): boolean =>
  address !== undefined && overlaps(range, address);

function openLedger(path: string): Ledger {
  try {
    return Ledger.open(path);
  } catch (error) {
    if (!(error instanceof LedgerLocked)) throw error;
    const message = `no agent answers, and yet one holds ${path}: it is starting, or stuck`;
    throw failed(message, error);
  }
}

/** Without the rights to ask the kernel, the ledger's part is told all the same. */
async function orRefusing(
  opening: Promise<Enforcer>,
): Promise<Pick<Enforcer, "read" | "wouldDrop" | "hits">> {
  try {
    return await opening;
  } catch (error) {
    if (!(error instanceof CannotEnforce)) throw error;
    const refuse = () => Promise.reject(error);
    return { read: refuse, wouldDrop: refuse, hits: refuse };
  }
}
