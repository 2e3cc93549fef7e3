import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder of its own, gone with everything in it when disposed. */
export class TestFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "tourniquet-"));

  /** Writes a file and returns its path. */
  file(name: string, text: string): string {
    const path = join(this.path, name);
    writeFileSync(path, text);
    return path;
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
