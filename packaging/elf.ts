import {
  closeSync,
  mkdirSync,
  openSync,
  readSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { byVersion, dependsAcross } from "./across.js";
import { run } from "./run.js";
import type { Target } from "./target.js";
import { filesUnder } from "./tree.js";

/** What compiled files ask of the machine that they run on. */
export interface Needs {
  /** As in a package's Depends: "libc6 (>= 2.34), libstdc++6 (>= 12)". */
  readonly depends: string;
  /** The oldest glibc that they run on, such as "2.34". */
  readonly glibc: string;
}

/** Looks into every compiled file under `root`; `work` is a folder for notes. */
export function needsOf(root: string, work: string, target: Target): Needs {
  const compiled = filesUnder(root)
    .map((path) => join(root, path))
    .filter(isElf);
  return {
    depends:
      target.tools === ""
        ? dependsOf(compiled, work)
        : dependsAcross(compiled, target),
    glibc: glibcOf(compiled, target),
  };
}

function isElf(path: string): boolean {
  const file = openSync(path, "r");
  try {
    const start = Buffer.alloc(MAGIC.length);
    readSync(file, start);
    return start.equals(MAGIC);
  } finally {
    closeSync(file);
  }
}

const MAGIC = Buffer.from("\x7fELF", "latin1");

function dependsOf(compiled: readonly string[], work: string): string {
  mkdirSync(join(work, "debian"), { recursive: true });
  writeFileSync(join(work, "debian/control"), NOTES);
  const told = run(["dpkg-shlibdeps", "-O", ...compiled], { cwd: work });
  return /^shlibs:Depends=(.*)$/m.exec(told)?.[1] ?? "";
}

/** Each symbol that is looked for in glibc names the version that brought it. */
function glibcOf(compiled: readonly string[], { tools }: Target): string {
  const asked = compiled.flatMap((path) => [
    ...run([`${tools}objdump`, "-T", path]).matchAll(/GLIBC_([\d.]+)/g),
  ]);
  const versions = asked.map(([, version = ""]) => version);
  return versions.sort(byVersion).at(-1) ?? "0";
}

/** As much of a source package as dpkg-shlibdeps wants to see. */
const NOTES = "Source: x\n\nPackage: x\nArchitecture: any\n";
