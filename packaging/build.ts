import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { manifestOf } from "../installer/program.js";
import { pack, writeSums } from "./deb.js";
import { needsOf } from "./elf.js";
import { compileSqlite } from "./native.js";
import { fetchNode, shippedNodes } from "./node.js";
import { placeManual } from "./manual.js";
import { placePapers } from "./papers.js";
import { run } from "./run.js";
import { placeTree, tryTree } from "./tree.js";

export interface Order {
  /** The built tree. */
  readonly tree: string;
  /** Where Node's archive and what is compiled are kept. */
  readonly cache: string;
  /** Where the package is put. */
  readonly to: string;
  /** Made sooner, and larger by a sixth. */
  readonly quick: boolean;
  readonly say: (line: string) => void;
}

/**
 * Makes the package of the agent, its tarball, and the sums of both.
 * @returns their paths
 * @throws Failure where something is not as pinned, or does not start
 */
export function build(order: Order): readonly string[] {
  const { tree, cache, to, quick, say } = order;
  mkdirSync(cache, { recursive: true });
  const shipped = shippedNodes.amd64;
  const node = { ...shipped, folder: fetchNode(shipped, cache) };
  say(`Node ${node.version} is as pinned`);
  const sqlite = compileSqlite(tree, node, cache);
  const { version } = manifestOf(tree);
  const epoch = epochOf(tree);
  const work = mkdtempSync(join(tmpdir(), "tourniquet-package-"));
  try {
    const root = join(work, "root");
    placeTree(root, { tree, node, sqlite });
    say(`it starts as its units start it: ${tryTree(root, node.version)}`);
    placeManual(root, work, epoch);
    placePapers(root, { tree, node, version, epoch });
    const needs = needsOf(root, work);
    say(`it needs glibc ${needs.glibc}: ${needs.depends}`);
    const label = { tree, version, needs, epoch, quick };
    const files = pack(root, to, { ...label, architecture: "amd64" });
    writeSums(to, files);
    return files;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The date of what is in it: as told from outside, or of the newest commit. */
function epochOf(tree: string): number {
  const told = process.env["SOURCE_DATE_EPOCH"];
  if (told !== undefined) return Number(told);
  return Number(run(["git", "-C", tree, "log", "-1", "--format=%ct"]));
}
