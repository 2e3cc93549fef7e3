import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { runCommand } from "../../../cloud/cli/program.js";
import { temporaryFolder, type TestCloud } from "../../support/cloud/cloud.js";

/** What a command line came to. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/**
 * Runs `tourniquet-cloud` against a cloud as its operator would, but in this
 * process: a new one for each command takes half a second. It is the folder of
 * the cloud's first admin, unless another is named.
 */
export function operatorOf({ dir, url }: TestCloud) {
  const path = join(dir, "cloud.json");
  const settings = JSON.parse(readFileSync(path, "utf8")) as object;
  const listen = new URL(url).host;
  writeFileSync(path, JSON.stringify({ ...settings, listen }));
  return (...args: readonly string[]): Promise<Ran> => runIn(dir, ...args);
}

/** The same in any folder. */
export async function runIn(
  dir: string,
  ...args: readonly string[]
): Promise<Ran> {
  const own = args.includes("--dir") ? [] : ["--dir", dir];
  const { code, out, err } = await runHere(...args, ...own);
  return { code, out: out.replace(/\n$/, ""), err: err.replace(/\n$/, "") };
}

/** As `command` of `process.ts` would run it and say what it printed, but here. */
export async function runHere(...args: readonly string[]): Promise<Ran> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runCommand(args, {
    env: {},
    input: () => Readable.from([]),
    out: (line) => void out.push(`${line}\n`),
    err: (line) => void err.push(`${line}\n`),
    stopped: () => new Promise(() => undefined),
  });
  return { code, out: out.join(""), err: err.join("") };
}

/** What `--json` printed: a document on each line. */
export const documentsIn = <T>(out: string): T[] =>
  out
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as T);

/** How many ops the urgent feed has. */
export async function offsetOf(cloud: TestCloud): Promise<number | undefined> {
  type Feeds = { items: { feed: string; offset: number }[] };
  const { body } = await cloud.request<Feeds>("GET", "/api/v1/feeds");
  return body.items.find(({ feed }) => feed === "urgent")?.offset;
}

/** A list in a file of its own. */
export function listOf(
  ...lines: string[]
): Disposable & { readonly path: string } {
  const folder = temporaryFolder();
  const path = join(folder.path, "list.txt");
  writeFileSync(path, `${lines.join("\n")}\n`);
  return { path, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}
