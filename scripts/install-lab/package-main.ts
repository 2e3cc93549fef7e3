import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { sh } from "../lab/namespace.js";
import { listingOf } from "./listing.js";
import { Machine } from "./machine.js";
import {
  inAnImage,
  installed,
  onPaper,
  PACKAGES,
  purged,
  rebooted,
  upgraded,
} from "./package-scenes.js";
import { Stage } from "./stage.js";
import { Teller } from "./teller.js";
import { Vendor } from "./vendor.js";

/**
 * Proves on a Debian that has never seen Node what the package promises. Runs in
 * namespaces of its own (scripts/in-namespace); its arguments are a Debian root,
 * and the folder that holds the package.
 */
const [root = "", packages = ""] = process.argv.slice(2);
const tree = join(dirname(fileURLToPath(import.meta.url)), "../../..");
const folder = mkdtempSync(join(tmpdir(), "tourniquet-package-lab-"));
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
    ? "\nThe package installs, protects, is upgraded and leaves without a trace.\n"
    : "\nSomething does not hold; the lines above say what.\n",
);
process.stdout.write(`${teller.passed} passed, ${teller.failed} failed\n`);
process.exitCode = teller.failed === 0 ? 0 : 1;

async function prove(): Promise<void> {
  const from = resolve(packages);
  const [name = ""] = readdirSync(from).filter((each) => /\.deb$/.test(each));
  await onPaper(join(from, name), folder, teller);
  await using machine = await Machine.of({
    root,
    folder: join(folder, "machine"),
    brought: [{ from, to: PACKAGES }],
  });
  await inAnImage(machine.root, join(from, name), teller);
  await machine.boot();
  await using vendor = await Vendor.found(folder, tree);
  await vendor.open();
  await vendor.order("org", "add", "acme");
  const stage = new Stage(machine, vendor, teller);
  await stage.handOver();
  const before = await listingOf(machine);
  await installed(stage, name);
  await upgraded(stage, name);
  await rebooted(stage);
  await purged(stage, before);
}
