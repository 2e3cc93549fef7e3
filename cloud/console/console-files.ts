import { createHash } from "node:crypto";
import { readFile, readdir } from "node:fs/promises";
import { extname, join, relative } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";

/** One file of the page, as it goes out. */
export interface ConsoleFile {
  readonly type: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly gzipped: Uint8Array<ArrayBuffer>;
  readonly etag: string;
  /** Its name says what is in it: it never changes. */
  readonly isForEver: boolean;
}

/** The page's files, by their path below `/console/`. */
export type ConsoleFiles = ReadonlyMap<string, ConsoleFile>;

/** Where `npm run build:console` puts them. */
const BUILT = new URL("../../console/", import.meta.url).pathname;

/** Reads the page whole: some hundred kilobytes, which then never change. */
export async function readConsole(folder = BUILT): Promise<ConsoleFiles> {
  const files = new Map<string, ConsoleFile>();
  for (const path of await pathsIn(folder)) {
    const type = TYPES[extname(path)];
    if (type !== undefined) files.set(path, await fileAt(folder, path, type));
  }
  return files;
}

/** None where the page was not built: the cloud works without it. */
async function pathsIn(folder: string): Promise<readonly string[]> {
  try {
    const found = await readdir(folder, {
      ...{ recursive: true, withFileTypes: true },
    });
    return found
      .filter((each) => each.isFile())
      .map(({ parentPath, name }) => relative(folder, join(parentPath, name)));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

async function fileAt(
  folder: string,
  path: string,
  type: string,
): Promise<ConsoleFile> {
  const bytes = new Uint8Array(await readFile(join(folder, path)));
  const digest = createHash("sha256").update(bytes).digest("base64url");
  const gzipped = await promisify(gzip)(bytes, { level: 9 });
  return {
    ...{ type, bytes, gzipped: new Uint8Array(gzipped) },
    etag: `"${digest.slice(0, 22)}"`,
    isForEver: path.startsWith("assets/"),
  };
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".json": "application/json",
};
