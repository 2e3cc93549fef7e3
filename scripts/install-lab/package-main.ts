import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { Machine } from "./machine.js";
import {
  inAnImage,
  installed,
  onPaper,
  PACKAGES,
  purged,
  rebooted,
} from "./package-scenes.js";
import {
  brokenAtStart,
  diskFull,
  makeVersions,
  mended,
  neverHealthy,
  powerCut,
  upgraded,
  VERSIONS,
} from "./package-upgrades.js";
import { onStage, proveThat } from "./proof.js";
import { reloading } from "./reloading.js";
import { forArm64, fromARepository } from "./repository-scenes.js";

/**
 * Proves on a Debian that has never seen Node what the package promises. Runs in
 * namespaces of its own (scripts/in-namespace); its arguments are a Debian root,
 * and the folder that holds the package.
 */
const [root = "", packages = ""] = process.argv.slice(2);

await proveThat(
  "The package installs, protects, is upgraded and leaves without a trace.",
  async (place) => {
    const from = resolve(packages);
    const debs = readdirSync(from).filter((each) => each.endsWith(".deb"));
    const [name = ""] = debs.filter((each) => each.endsWith("_amd64.deb"));
    const paths = debs.map((each) => join(from, each));
    await onPaper(join(from, name), place.folder, place.teller);
    const versions = join(place.folder, "versions");
    await makeVersions(join(from, name), versions);
    await using machine = await Machine.of({
      root,
      folder: join(place.folder, "machine"),
      brought: [
        { from, to: PACKAGES },
        { from: versions, to: VERSIONS },
      ],
    });
    await inAnImage(machine.root, join(from, name), place.teller);
    const reader = { root: machine.root, teller: place.teller };
    await fromARepository(paths, place.folder, reader);
    for (const path of paths.filter((each) => each.endsWith("_arm64.deb"))) {
      await forArm64(path, place.folder, place.teller);
    }
    await onStage(machine, place, async (stage, before) => {
      await installed(stage, name);
      await reloading(stage);
      await upgraded(stage);
      await diskFull(stage);
      await brokenAtStart(stage);
      await neverHealthy(stage);
      await powerCut(stage);
      await mended(stage);
      await rebooted(stage);
      await purged(stage, before);
    });
  },
);
