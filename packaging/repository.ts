import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import { failed } from "../agent/text/failure.js";
import { run } from "./run.js";

/** Where packages are published, and whose key vouches for them. */
export interface Repository {
  /** Its packages of earlier calls stay. */
  readonly folder: string;
  /** A key of gpg's own ring that it can sign with, by any name that gpg takes. */
  readonly key: string;
}

/**
 * Adds packages to an apt repository and signs its lists: apt refuses each byte that
 * the key did not vouch for. Readers find the former lists or the new ones.
 * @returns the path of the public key, as `signed-by` takes it
 * @throws Failure where gpg or apt-ftparchive complain; the former lists stay
 */
export function publish(
  packages: readonly string[],
  { folder, key }: Repository,
): string {
  const exported = gpg(["--armor", "--export", key]);
  if (exported === "") throw failed(`gpg has no key ${key}`);
  const pool = join(folder, "pool");
  mkdirSync(pool, { recursive: true });
  for (const path of packages) copyFileSync(path, join(pool, basename(path)));
  const incoming = join(folder, "dists.new");
  rmSync(incoming, { recursive: true, force: true });
  const suite = join(incoming, SUITE);
  const architectures = architecturesIn(pool);
  for (const each of architectures) listPackages(folder, suite, each);
  const release = describe(suite, architectures);
  sign(release, key);
  const publicKey = join(folder, "tourniquet.asc");
  writeFileSync(publicKey, exported);
  const former = join(folder, "dists.former");
  rmSync(former, { recursive: true, force: true });
  const dists = join(folder, "dists");
  if (existsSync(dists)) renameSync(dists, former);
  renameSync(incoming, dists);
  rmSync(former, { recursive: true, force: true });
  return publicKey;
}

const SUITE = "stable";

function architecturesIn(pool: string): readonly string[] {
  const found = readdirSync(pool).flatMap((name) => {
    const [, architecture] = /_([a-z0-9]+)\.deb$/.exec(name) ?? [];
    return architecture === undefined ? [] : [architecture];
  });
  return [...new Set(found)].sort();
}

function listPackages(
  folder: string,
  suite: string,
  architecture: string,
): void {
  const to = join(suite, "main", `binary-${architecture}`);
  mkdirSync(to, { recursive: true });
  const asked = ["--arch", architecture, "packages", "pool"] as const;
  const list = run(["apt-ftparchive", ...asked], { cwd: folder });
  writeFileSync(join(to, "Packages"), list);
  writeFileSync(join(to, "Packages.gz"), gzipSync(list, { level: 9 }));
}

/** @returns the path of the file that apt looks at first */
function describe(suite: string, architectures: readonly string[]): string {
  const said = {
    ...{ Origin: "tourniquet", Label: "tourniquet", Suite: SUITE },
    ...{ Codename: SUITE, Components: "main" },
    Architectures: architectures.join(" "),
  };
  const options = Object.entries(said).flatMap(([name, value]) => [
    "-o",
    `APT::FTPArchive::Release::${name}=${value}`,
  ]);
  const text = run(["apt-ftparchive", ...options, "release", suite]);
  const path = join(suite, "Release");
  writeFileSync(path, text);
  return path;
}

function sign(release: string, key: string): void {
  const by = ["--local-user", key, "--output"] as const;
  const suite = join(release, "..");
  gpg([...by, join(suite, "InRelease"), "--clearsign", release]);
  gpg([...by, join(suite, "Release.gpg"), "--armor", "--detach-sign", release]);
}

/** A key with a passphrase asks for it by gpg's agent, as ever. */
const gpg = (args: readonly string[]): string =>
  run(["gpg", "--quiet", "--yes", ...args]);
