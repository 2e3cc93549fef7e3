import { readFileSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, resolve } from "node:path";
import type { Logger } from "../../agent/log/logger.js";
import type { Cidr } from "../../agent/model/cidr.js";
import type { Clock } from "../../agent/runtime/clock.js";
import type { Lifetime } from "../../agent/runtime/lifetime.js";
import { fileFailure } from "../../agent/text/file-failures.js";
import {
  NO_COUNTRIES,
  type Countries,
  type CountrySource,
} from "./countries.js";
import { BadCountryFile, readCountries, type CountryDatabase } from "./mmdb.js";

export interface CountryFilePorts {
  readonly clock: Pick<Clock, "every">;
  readonly log: Logger;
}

/**
 * Countries by a file that the operator keeps, read again as it changes. While it is
 * of no use, no country is known, and that is said.
 */
export class CountryFile implements Countries, Disposable {
  readonly #path: string;
  readonly #log: Logger;
  readonly #looking: Disposable;
  #database: CountryDatabase | undefined;
  #trouble: string | null = null;
  #stamp: string;
  #isReading = false;

  constructor(path: string, { clock, log }: CountryFilePorts) {
    this.#path = path;
    this.#log = log;
    this.#stamp = stampOf(path);
    this.#take(() => readCountryFile(path));
    this.#looking = clock.every(LOOK_EVERY_MS, () => {
      void this.#look();
    });
  }

  [Symbol.dispose](): void {
    this.#looking[Symbol.dispose]();
  }

  of(range: Cidr): string | null {
    try {
      return this.#database?.of(range) ?? null;
    } catch (error) {
      // A part of it that was not tried when it was read.
      this.#fail(error);
      return null;
    }
  }

  source(): CountrySource | null {
    if (this.#database === undefined) return null;
    return { file: basename(this.#path), built: this.#database.built };
  }

  trouble(): string | null {
    return this.#trouble;
  }

  /** Never rejects: what is wrong with the file is told. */
  async #look(): Promise<void> {
    const stamp = stampOf(this.#path);
    if (stamp === this.#stamp || this.#isReading) return;
    this.#stamp = stamp;
    this.#isReading = true;
    try {
      mustBeSmall(this.#path);
      const bytes = await readFile(this.#path);
      this.#take(() => readCountries(bytes));
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#isReading = false;
    }
  }

  #take(read: () => CountryDatabase): void {
    try {
      this.#database = read();
      this.#trouble = null;
      const source = this.source();
      const built = new Date(source?.built ?? 0).toISOString();
      this.#log.info("countries are known", { file: this.#path, built });
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#database = undefined;
    this.#trouble =
      error instanceof BadCountryFile ? error.message : fileFailure(error);
    const what = "no country is known: the file that says them is of no use";
    this.#log.error(what, { file: this.#path, why: this.#trouble });
  }
}

/** By the file that the settings name, which lies in the folder unless absolute. */
export const openCountries = (
  { dir, countries: file }: CountrySettings,
  ports: CountryFilePorts,
  opened: Lifetime,
): Countries =>
  file === undefined
    ? NO_COUNTRIES
    : opened.own(new CountryFile(resolve(dir, file), ports));

export interface CountrySettings {
  readonly dir: string;
  /** `countries` of `cloud.json`. */
  readonly countries?: string | undefined;
}

/**
 * A database of countries in a file.
 * @throws BadCountryFile, and what reading throws
 */
export function readCountryFile(path: string): CountryDatabase {
  mustBeSmall(path);
  return readCountries(readFileSync(path));
}

function mustBeSmall(path: string): void {
  const { size } = statSync(path);
  if (size <= MOST_BYTES) return;
  throw new BadCountryFile(
    `it has ${size} bytes, and ${MOST_BYTES} at most are read`,
  );
}

/** Changes whenever the file does, or is replaced; links are followed. */
function stampOf(path: string): string {
  try {
    const { ino, mtimeMs, size } = statSync(path);
    return `${ino} ${mtimeMs} ${size}`;
  } catch {
    return "gone";
  }
}

/** It is kept in memory; those of cities are smaller. */
const MOST_BYTES = 256 * 1024 * 1024;

const LOOK_EVERY_MS = 10_000;
