import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { manifestOf } from "../installer/program.js";
import { run } from "./run.js";
import { compilersOf, type Target } from "./target.js";

/**
 * Compiles better-sqlite3 for a Node, unless that was done before: with the Node of
 * this machine, for the headers of the other. The paths of this machine do not get
 * into it.
 * @returns the compiled file
 */
export function compileSqlite(
  tree: string,
  { target, own, headers }: Compiling,
  cache: string,
): string {
  const source = join(tree, "node_modules/better-sqlite3");
  const { version } = manifestOf(source);
  const { architecture, node, tools } = target;
  const name = `better-sqlite3-${version}-node-${node.version}-${architecture}`;
  const compiled = join(cache, `${name}.node`);
  if (existsSync(compiled)) return compiled;
  const work = join(cache, name);
  rmSync(work, { recursive: true, force: true });
  mkdirSync(cache, { recursive: true });
  for (const part of ["binding.gyp", "deps", "src", "package.json"]) {
    cpSync(join(source, part), join(work, part), { recursive: true });
  }
  const program = join(own, "bin/node");
  const flags = `-ffile-prefix-map=${work}=. -ffile-prefix-map=${headers}=node`;
  run(
    [
      ...([program, nodeGyp(), "rebuild", "--release"] as const),
      ...["--jobs=2", `--nodedir=${headers}`, ...target.gyp],
    ],
    {
      cwd: work,
      environment: {
        ...{ CFLAGS: flags, CXXFLAGS: flags },
        ...compilersOf(target),
      },
    },
  );
  const built = join(work, "build/Release/better_sqlite3.node");
  run([`${tools}strip`, "--strip-unneeded", built]);
  renameSync(built, compiled);
  rmSync(work, { recursive: true });
  return compiled;
}

interface Compiling {
  readonly target: Target;
  /** Folder of a Node of the same version that runs on this machine. */
  readonly own: string;
  /** Folder of the target's Node. */
  readonly headers: string;
}

/** npm brings it. */
function nodeGyp(): string {
  const modules = run(["npm", "root", "--global"]).trim();
  const beside = join(modules, "npm/node_modules/node-gyp/bin/node-gyp.js");
  if (existsSync(beside)) return beside;
  // Debian's npm lies elsewhere.
  const npm = run(["sh", "-c", 'readlink -f "$(command -v npm)"']).trim();
  return join(dirname(npm), "../node_modules/node-gyp/bin/node-gyp.js");
}
