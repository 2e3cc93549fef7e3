import {
  chmodSync,
  cpSync,
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  rmdirSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";

/** What lies at a path. */
export type Kind = "nothing" | "file" | "folder" | "link" | "other";

/**
 * The host's files. Paths are absolute as the host knows them; `root` stands
 * before them, so that a test installs into a folder of its own. What replaces
 * something is made beside it and then takes its place at once.
 */
export class Files {
  constructor(readonly root: string) {}

  kind(path: string): Kind {
    const found = lstatSync(this.real(path), { throwIfNoEntry: false });
    if (found === undefined) return "nothing";
    if (found.isSymbolicLink()) return "link";
    if (found.isDirectory()) return "folder";
    return found.isFile() ? "file" : "other";
  }

  /** undefined when there is no such file. */
  read(path: string): string | undefined {
    if (this.kind(path) !== "file") return undefined;
    return readFileSync(this.real(path), "utf8");
  }

  /** Names in a folder; none when it is not there. */
  list(path: string): readonly string[] {
    if (this.kind(path) !== "folder") return [];
    return readdirSync(this.real(path)).sort();
  }

  target(link: string): string | undefined {
    return this.kind(link) === "link"
      ? readlinkSync(this.real(link))
      : undefined;
  }

  write(path: string, text: string, mode: number): void {
    const beside = this.real(`${path}.new`);
    rmSync(beside, { force: true });
    const file = openSync(beside, "wx", mode);
    try {
      writeFileSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    chmodSync(beside, mode); // whatever the umask is
    renameSync(beside, this.real(path));
    syncFolder(dirname(this.real(path)));
  }

  /**
   * The first folder of a path, from the root on, in which somebody else than who
   * runs this, root, may put other things; undefined where there is none.
   */
  openTo(path: string): string | undefined {
    const names = path.split("/").filter((name) => name !== "");
    for (let i = 1; i <= names.length; i++) {
      const folder = `/${names.slice(0, i).join("/")}`;
      const found = lstatSync(this.real(folder), { throwIfNoEntry: false });
      if (found === undefined) return undefined;
      const others = (found.mode & 0o022) !== 0 && !found.isSymbolicLink();
      if (found.uid !== process.getuid?.() || others) return folder;
    }
    return undefined;
  }

  /** One that is there already stays as it is. */
  makeFolder(path: string): void {
    if (this.kind(path) === "folder") return;
    mkdirSync(this.real(path), { recursive: true });
    chmodSync(this.real(path), 0o755);
  }

  /** A link that is there already points elsewhere from one moment to the next. */
  link(path: string, target: string): void {
    const beside = this.real(`${path}.new`);
    rmSync(beside, { force: true });
    symlinkSync(target, beside);
    renameSync(beside, this.real(path));
    syncFolder(dirname(this.real(path)));
  }

  /** Copies a file or folder from this machine, links followed. */
  copyIn(source: string, path: string): void {
    mkdirSync(dirname(this.real(path)), { recursive: true });
    cpSync(source, this.real(path), { recursive: true, dereference: true });
  }

  move(from: string, to: string): void {
    renameSync(this.real(from), this.real(to));
    syncFolder(dirname(this.real(to)));
  }

  remove(path: string): void {
    rmSync(this.real(path), { recursive: true, force: true });
  }

  /** Takes a folder away unless somebody has something in it. */
  removeIfEmpty(path: string): void {
    if (this.kind(path) !== "folder" || this.list(path).length > 0) return;
    rmdirSync(this.real(path));
  }

  /** Where a path lies on this machine, for programs that are run on it. */
  real(path: string): string {
    return join(this.root, path);
  }
}

/** A new name is only as lasting as the folder that holds it. */
function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
