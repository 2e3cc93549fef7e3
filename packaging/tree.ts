import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, extname, join } from "node:path";
import { catalogueText } from "../agent/log/message-ids.js";
import { freshConfig } from "../installer/steps/settings.js";
import { manifestOf, packagesOf } from "../installer/program.js";
import { nodeFlags, unitText } from "../installer/unit-text.js";
import { run } from "./run.js";
import { commandFor, targets, type Target } from "./target.js";

/** Where the program lies on a host that has the package. */
export const PROGRAM = "/usr/lib/tourniquet";

export interface Ingredients {
  /** The built tree. */
  readonly tree: string;
  readonly node: { readonly folder: string; readonly version: string };
  /** better-sqlite3 as compiled for that Node. */
  readonly sqlite: string;
  readonly target: Target;
  /** Folder of what is compiled of koffi. */
  readonly koffi: string;
}

/** Places everything that runs, or starts what runs, under `root`. */
export function placeTree(root: string, from: Ingredients): void {
  placeNode(root, from);
  placeProgram(root, from);
  placeUnits(root, from);
  put(root, "usr/bin/tourniquet", COMMAND, 0o755);
  put(root, "etc/tourniquet/config.yaml", freshConfig);
  // Debian's systemd takes it in by its own trigger, and lets go of it likewise.
  put(root, "usr/lib/systemd/catalog/tourniquet.catalog", catalogueText());
  for (const kind of ["sysusers", "tmpfiles"]) {
    const text = readFileSync(join(from.tree, DEBIAN, `${kind}.conf`), "utf8");
    put(root, `usr/lib/${kind}.d/tourniquet.conf`, text);
  }
}

/** Where what is Debian's own lies in our tree. */
export const DEBIAN = "packaging/debian";

/** Writes a file under `root`, and the folders that it needs. */
export function put(
  root: string,
  path: string,
  content: string | Buffer,
  mode = 0o644,
): void {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  chmodSync(file, mode); // whatever the umask is
}

/** Every file under a folder, as a path from there, in one order everywhere. */
export function filesUnder(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => statSync(join(folder, path)).isFile())
    .sort();
}

/** The same young generation as `service/tourniquet` has, and for its reason. */
const COMMAND = `#!/bin/sh
program=${PROGRAM}
# Until an upgrade has come to its end, the former program is the one that runs.
if [ -e /usr/local/lib/systemd/system/tourniquet.service ] &&
  [ ! -e /run/systemd/system/tourniquet.service ] &&
  [ -x ${PROGRAM}.former/bin/node ]; then
  program=${PROGRAM}.former
fi
exec "$program/bin/node" --max-semi-space-size=1 --max-old-space-size=128 "$program/dist/service/main.js" "$@"
`;

function placeNode(root: string, { node, target }: Ingredients): void {
  const to = join(root, PROGRAM, "bin/node");
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(join(node.folder, "bin/node"), to);
  run([`${target.tools}strip`, "--strip-unneeded", to]);
  chmodSync(to, 0o755);
}

function placeProgram(
  root: string,
  { tree, sqlite, koffi, target }: Ingredients,
): void {
  const folder = join(root, PROGRAM);
  for (const part of ["agent", "service"]) {
    cpSync(join(tree, "dist", part), join(folder, "dist", part), {
      recursive: true,
      filter: isRun,
    });
  }
  const names = importsOf(join(folder, "dist"));
  for (const { source, path } of packagesOf(tree, names, ONLY_TO_BUILD)) {
    cpSync(source, join(folder, path), {
      ...{ recursive: true, dereference: true, filter: isPart },
    });
  }
  const modules = join(folder, "node_modules");
  rmSync(join(modules, "better-sqlite3/build"), { recursive: true });
  const database = "better-sqlite3/build/Release/better_sqlite3.node";
  put(modules, database, readFileSync(sqlite));
  for (const each of Object.values(targets)) {
    rmSync(join(modules, each.koffi), { recursive: true, force: true });
  }
  cpSync(koffi, join(modules, target.koffi), {
    ...{ recursive: true, filter: isPart },
  });
  for (const path of filesUnder(modules).filter(isLoaded)) {
    chmodSync(join(modules, path), 0o644); // as lintian wants what is only loaded
  }
  const { name, version } = manifestOf(tree);
  const manifest = { name, version, license: "Apache-2.0", type: "module" };
  put(folder, "package.json", `${JSON.stringify(manifest, null, 2)}\n`);
}

const isLoaded = (path: string): boolean => path.endsWith(".node");

/** What better-sqlite3 needs on machines that compile it. */
const ONLY_TO_BUILD = ["prebuild-install"];

/** A program runs on these; papers, types and sources stay behind, and so do tests. */
function isRun(path: string): boolean {
  if (statSync(path).isDirectory()) return !SUPERFLUOUS.test(path);
  return RUN.includes(extname(path)) && !path.endsWith("/package-lock.json");
}

/** Nor do commands of other packages, which want a Node of the host's. */
const isPart = (path: string): boolean =>
  isRun(path) && (statSync(path).isDirectory() || !isCommand(path));

const isCommand = (path: string): boolean =>
  readFileSync(path).subarray(0, 2).toString("latin1") === "#!";

const RUN = [".js", ".cjs", ".mjs", ".json", ".node"];
const SUPERFLUOUS =
  /\/(musl_(x64|arm64)|better-sqlite3\/(deps|src)|koffi\/(vendor|doc)|yaml\/browser|\.nyc_output|obj|obj\.target|tests?|examples?|\.github)$/;

/** The packages that compiled files name, whatever of those they import. */
export function importsOf(folder: string): readonly string[] {
  const named = filesUnder(folder)
    .filter((path) => path.endsWith(".js"))
    .flatMap((path) => [
      ...readFileSync(join(folder, path), "utf8").matchAll(
        /(?:\bfrom |\bimport(?:\(| )|\brequire\()"((?:@[\w.-]+\/)?[\w-][\w.-]*)(?=["/])/g,
      ),
    ])
    .map(([, name = ""]) => name);
  return [...new Set(named)].sort();
}

function placeUnits(root: string, { tree, node }: Ingredients): void {
  const folder = join(tree, "service/units");
  for (const name of readdirSync(folder)) {
    const text = unitText(readFileSync(join(folder, name), "utf8"), {
      ...{ node: `${PROGRAM}/bin/node`, version: node.version },
      ...{ prefix: PROGRAM, program: PROGRAM },
    });
    put(root, `usr/lib/systemd/system/${name}`, text);
  }
}

/**
 * Starts the placed program under the units' flags, and loads every file of it, and
 * what is loaded late: what it lacks is known here, and not on a host.
 * @returns the version that it says it has
 * @throws Failure with what was missing
 */
export function tryTree(root: string, target: Target): string {
  const program = join(root, PROGRAM);
  const node = join(program, "bin/node");
  const flags = nodeFlags(target.node.version);
  const loaded = filesUnder(join(program, "dist"))
    .filter((path) => path.endsWith(".js") && !STARTS.test(path))
    .map((path) => join(program, "dist", path));
  const script = `for (const path of ${JSON.stringify(loaded)}) await import(path);
    const { default: Database } = await import("better-sqlite3");
    new Database(":memory:").close();
    await import("koffi");
    if (typeof WebAssembly !== "undefined") throw new Error("the JIT is on");
    process.exit(0)`;
  const evaluated = [...flags, "--input-type=module", "--eval", script];
  run(commandFor(target, [node, ...evaluated]), { cwd: program });
  const main = join(program, "dist/service/main.js");
  const asked = [...flags, main, "--version"];
  return run(commandFor(target, [node, ...asked])).trim();
}

/** Files that are processes: to load them is to run them. */
const STARTS = /(^|\/)([\w-]+-)?(main|worker)\.js$/;
