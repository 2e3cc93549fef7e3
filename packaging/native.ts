import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { manifestOf } from "../installer/program.js";
import { run } from "./run.js";

/**
 * Compiles better-sqlite3 for a Node, unless that was done before. The paths of
 * this machine do not get into it.
 * @returns the compiled file
 */
export function compileSqlite(
  tree: string,
  node: { readonly folder: string; readonly version: string },
  cache: string,
): string {
  const source = join(tree, "node_modules/better-sqlite3");
  const { version } = manifestOf(source);
  const name = `better-sqlite3-${version}-node-${node.version}`;
  const compiled = join(cache, `${name}.node`);
  if (existsSync(compiled)) return compiled;
  const work = join(cache, name);
  rmSync(work, { recursive: true, force: true });
  mkdirSync(cache, { recursive: true });
  for (const part of ["binding.gyp", "deps", "src", "package.json"]) {
    cpSync(join(source, part), join(work, part), { recursive: true });
  }
  const program = join(node.folder, "bin/node");
  const flags = `-ffile-prefix-map=${work}=. -ffile-prefix-map=${node.folder}=node`;
  run(
    [
      ...([program, nodeGyp(), "rebuild", "--release"] as const),
      ...["--jobs=2", `--nodedir=${node.folder}`],
    ],
    { cwd: work, environment: { CFLAGS: flags, CXXFLAGS: flags } },
  );
  const built = join(work, "build/Release/better_sqlite3.node");
  run(["strip", "--strip-unneeded", built]);
  renameSync(built, compiled);
  rmSync(work, { recursive: true });
  return compiled;
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
