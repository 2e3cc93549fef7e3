import { join } from "node:path";
import { Machine, sourceOf } from "./machine.js";
import { onStage, proveThat, TREE } from "./proof.js";
import { reloading } from "./reloading.js";
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

/**
 * Proves in a really booted systemd what the installer promises. Runs in
 * namespaces of its own (scripts/in-namespace); its argument is a Debian root.
 */
const [root = ""] = process.argv.slice(2);

await proveThat(
  "The agent installs, protects, survives and leaves without a trace.",
  async (place) => {
    await using machine = await Machine.of({
      root,
      folder: join(place.folder, "machine"),
      brought: sourceOf(TREE),
    });
    await onStage(machine, place, async (stage, before) => {
      await refusals(stage);
      await stage.uninstall();
      await stage.handOver();
      await installation(stage);
      await sensing(stage);
      await enforcement(stage);
      await reloading(stage);
      await watchdog(stage);
      await reboots(stage);
      await removal(stage, before);
      await interruptions(stage, before);
    });
  },
);
