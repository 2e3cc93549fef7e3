import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

/** Content-addressed files: a name that exists holds exactly what it says. */
export class SnapshotFiles {
  constructor(readonly folder: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  /** Whole or not at all: written aside, flushed, then named. */
  write(sha256: string, bytes: Uint8Array): void {
    const path = snapshotPath(this.folder, sha256);
    const aside = `${path}.new`;
    const file = openSync(aside, "w", 0o600);
    try {
      writeFileSync(file, bytes);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(aside, path);
    this.#flushNames();
  }

  /** Whether the file is there, and whole. */
  holds(sha256: string, bytes: number): boolean {
    const path = snapshotPath(this.folder, sha256);
    return statSync(path, { throwIfNoEntry: false })?.size === bytes;
  }

  /** Removes all files but these. */
  keepOnly(sha256s: ReadonlySet<string>): void {
    for (const name of readdirSync(this.folder)) {
      if (sha256s.has(name.replace(/\.tqn$/, ""))) continue;
      rmSync(join(this.folder, name), { force: true });
    }
  }

  #flushNames(): void {
    const folder = openSync(this.folder, "r");
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  }
}

export const snapshotPath = (folder: string, sha256: string): string =>
  join(folder, `${sha256}.tqn`);
