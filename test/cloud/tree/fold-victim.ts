import { join } from "node:path";
import { openDatabase } from "../../../cloud/journal/database.js";
import { Tree } from "../../../cloud/tree/tree.js";

/** Folds a tree until it is killed. */
const folder = process.argv[2] ?? "";
const tree = new Tree({
  decisions: openDatabase(join(folder, "decisions.db"), "read-only"),
  observations: openDatabase(join(folder, "observations.db"), "read-only"),
  tree: openDatabase(join(folder, "tree.db"), "rebuildable"),
});
process.stdout.write("folding\n");
while (tree.step());
