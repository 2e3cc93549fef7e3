import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { goldenFiles } from "../test/protocol/vectors/all.js";
import { goldenFolder } from "../test/support/vectors.js";

/** Writes the golden vectors of the wire: `node dist/scripts/golden.js`. */
mkdirSync(goldenFolder, { recursive: true });
for (const [name, content] of goldenFiles()) {
  writeFileSync(join(goldenFolder, name), content);
}
