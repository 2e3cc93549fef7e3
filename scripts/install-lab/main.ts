import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { sh } from "../lab/namespace.js";
import { listingOf } from "./listing.js";
import { Machine, sourceOf } from "./machine.js";
import {
  enforcement,
  installation,
  interruptions,
  reboots,
  refusals,
  removal,
  sensing,
  watchdog,
} from "./scenes.js";
import { Stage } from "./stage.js";
import { Teller } from "./teller.js";
import { Vendor } from "./vendor.js";

/**
 * Proves in a really booted systemd what the installer promises. Runs in
 * namespaces of its own (scripts/in-namespace); its argument is a Debian root.
 */
const [root = ""] = process.argv.slice(2);
const tree = join(dirname(fileURLToPath(import.meta.url)), "../../..");
const folder = mkdtempSync(join(tmpdir(), "tourniquet-install-"));
const teller = new Teller();
try {
  await prove();
} catch (error) {
  teller.check(`the proof came to its end: ${(error as Error).message}`, false);
} finally {
  await sh(`umount --lazy ${folder}/machine/root ${folder}/machine || true`);
  rmSync(folder, { recursive: true, force: true });
}
process.stdout.write(
  teller.failed === 0
    ? "\nThe agent installs, protects, survives and leaves without a trace.\n"
    : "\nSomething does not hold; the lines above say what.\n",
);
process.stdout.write(`${teller.passed} passed, ${teller.failed} failed\n`);
process.exitCode = teller.failed === 0 ? 0 : 1;

async function prove(): Promise<void> {
  await using machine = await Machine.of({
    root,
    folder: join(folder, "machine"),
    brought: sourceOf(tree),
  });
  await machine.boot();
  await using vendor = await Vendor.found(folder, tree);
  await vendor.open();
  await vendor.order("org", "add", "acme");
  const stage = new Stage(machine, vendor, teller);
  await stage.handOver();
  const before = await listingOf(machine);
  await refusals(stage);
  await stage.uninstall();
  await stage.handOver();
  await installation(stage);
  await sensing(stage);
  await enforcement(stage);
  await watchdog(stage);
  await reboots(stage);
  await removal(stage, before);
  await interruptions(stage, before);
}
