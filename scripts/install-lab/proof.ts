import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { sh } from "../lab/namespace.js";
import { listingOf } from "./listing.js";
import type { Machine } from "./machine.js";
import { Stage } from "./stage.js";
import { Teller } from "./teller.js";
import { Vendor } from "./vendor.js";

/** The tree that is proved, built. */
export const TREE = join(dirname(fileURLToPath(import.meta.url)), "../../..");

/** Where a proof takes place, and who is told what held. */
export interface Place {
  /** Gone afterwards. */
  readonly folder: string;
  readonly teller: Teller;
}

/**
 * Prints what held and what did not; the last line is `N passed, N failed`, and the
 * process ends with 1 if anything did not.
 * @param holds what is said when all of it does
 */
export async function proveThat(
  holds: string,
  prove: (place: Place) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "tourniquet-install-"));
  const teller = new Teller();
  try {
    await prove({ folder, teller });
  } catch (error) {
    const { message } = error as Error;
    teller.check(`the proof came to its end: ${message}`, false);
  } finally {
    await sh(`umount --lazy ${folder}/machine/root ${folder}/machine || true`);
    rmSync(folder, { recursive: true, force: true });
  }
  const { passed, failed } = teller;
  const said =
    failed === 0 ? holds : "Something does not hold; the lines above say what.";
  process.stdout.write(`\n${said}\n${passed} passed, ${failed} failed\n`);
  process.exitCode = failed === 0 ? 0 : 1;
}

/** Boots a machine, founds a vendor for it, and hands a token over. */
export async function onStage(
  machine: Machine,
  { folder, teller }: Place,
  act: (stage: Stage, before: Listing) => Promise<void>,
): Promise<void> {
  await machine.boot();
  await using vendor = await Vendor.found(folder, TREE);
  await vendor.open();
  await vendor.order("org", "add", "acme");
  const stage = new Stage(machine, vendor, teller);
  await stage.handOver();
  await act(stage, await listingOf(machine));
}

/** What was on the machine before anything was installed. */
type Listing = Awaited<ReturnType<typeof listingOf>>;
