import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { failed } from "../agent/text/failure.js";
import { manifestOf } from "../installer/program.js";
import { pack, writeSums } from "./deb.js";
import { needsOf } from "./elf.js";
import { compileSqlite } from "./native.js";
import { fetchArchive, fetchNode } from "./node.js";
import { placeManual } from "./manual.js";
import { placePapers } from "./papers.js";
import { run } from "./run.js";
import { targets, type Architecture, type Target } from "./target.js";
import { placeTree, tryTree } from "./tree.js";

export interface Order {
  /** The built tree. */
  readonly tree: string;
  readonly architecture: Architecture;
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
  const { tree, cache, to, quick, say, architecture } = order;
  mkdirSync(cache, { recursive: true });
  const target = targets[architecture];
  const node = { ...target.node, folder: fetchNode(target.node, cache) };
  say(`Node ${node.version} for ${architecture} is as pinned`);
  const compiling = { target, own: ownNode(cache), headers: node.folder };
  const sqlite = compileSqlite(tree, compiling, cache);
  const koffi = koffiFor(target, tree, cache);
  const { version } = manifestOf(tree);
  const epoch = epochOf(tree);
  const work = mkdtempSync(join(tmpdir(), "tourniquet-package-"));
  try {
    const root = join(work, "root");
    placeTree(root, { tree, node, sqlite, target, koffi });
    say(`it starts as its units start it: ${tryTree(root, target)}`);
    placeManual(root, { work, epoch, target });
    const brought = new Map([[`node_modules/${target.koffi}`, koffi]]);
    placePapers(root, { tree, node, version, epoch, brought });
    const needs = needsOf(root, work, target);
    say(`it needs glibc ${needs.glibc}: ${needs.depends}`);
    const label = { tree, version, needs, epoch, quick };
    const files = pack(root, to, { ...label, architecture });
    writeSums(to, files);
    return files;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The Node that a package for this kind of machine brings. */
function ownNode(cache: string): string {
  const own = Object.values(targets).find(({ tools }) => tools === "");
  if (own === undefined) throw failed("no package is for this kind of machine");
  return fetchNode(own.node, cache);
}

/** As the tree's lock file pins it. */
function koffiFor({ koffi }: Target, tree: string, cache: string): string {
  const path = join(tree, "package-lock.json");
  const lock = JSON.parse(readFileSync(path, "utf8")) as Lock;
  const pinned = lock.packages[`node_modules/${koffi}`];
  if (pinned === undefined) throw failed(`${path} does not know ${koffi}`);
  return fetchArchive({ npm: koffi, ...pinned }, cache);
}

interface Lock {
  readonly packages: Readonly<
    Record<string, { readonly version: string; readonly integrity: string }>
  >;
}

/** The date of what is in it: as told from outside, or of the newest commit. */
function epochOf(tree: string): number {
  const told = process.env["SOURCE_DATE_EPOCH"];
  if (told !== undefined) return Number(told);
  return Number(run(["git", "-C", tree, "log", "-1", "--format=%ct"]));
}
