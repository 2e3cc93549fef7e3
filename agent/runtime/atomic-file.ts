import {
  closeSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";

/**
 * Written beside, made durable, then put in place: whole or not at all. Only its
 * owner may read it.
 * @throws what writing throws; the file is the earlier one then
 */
export function writeWhole(path: string, text: string): void {
  using file = new WholeFile(path);
  file.write(text);
}

/** The same in two steps, where it has to be sure of its place before the text is. */
export class WholeFile implements Disposable {
  readonly #path: string;
  readonly #beside: string;
  readonly #file: number;

  /** @throws where no file can be put there */
  constructor(path: string) {
    this.#path = path;
    this.#beside = `${path}.new`;
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) {
      throw new Error("it is a folder");
    }
    rmSync(this.#beside, { force: true }); // a leftover would keep its mode and owner
    this.#file = openSync(this.#beside, "wx", 0o600);
  }

  write(text: string): void {
    writeFileSync(this.#file, text);
    fsyncSync(this.#file);
    renameSync(this.#beside, this.#path);
    const folder = openSync(dirname(this.#path), "r");
    fsyncSync(folder);
    closeSync(folder);
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
    rmSync(this.#beside, { force: true });
  }
}
