import { createHash } from "node:crypto";
import {
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { Needs } from "./elf.js";
import { MAINTAINER } from "./papers.js";
import { run } from "./run.js";
import { DEBIAN, filesUnder, put } from "./tree.js";

export interface Label {
  readonly tree: string;
  readonly version: string;
  /** As Debian calls it. */
  readonly architecture: string;
  readonly needs: Needs;
  /** Of every file in it, in seconds since 1970. */
  readonly epoch: number;
  /** Made sooner, and larger by a sixth. */
  readonly quick: boolean;
}

/**
 * Makes a package of what lies under `root`, and beside it a tarball of the same
 * tree: that of the package itself.
 * @returns the paths of both
 */
export function pack(
  root: string,
  to: string,
  label: Label,
): readonly [string, string] {
  const { version, architecture, epoch } = label;
  const files = filesUnder(root);
  const control = (name: string, text: string, mode?: number) =>
    put(root, `DEBIAN/${name}`, text, mode);
  control("control", controlOf(root, files, label));
  control("md5sums", sumsOf(root, files));
  const settings = files.filter((path) => path.startsWith("etc/"));
  control("conffiles", settings.map((path) => `/${path}\n`).join(""));
  for (const name of ["preinst", "postinst", "prerm", "postrm"]) {
    control(name, scriptOf(name, sizeOf(root, files), label), 0o755);
  }
  dateAll(root, epoch);
  mkdirSync(to, { recursive: true });
  const name = join(to, `tourniquet_${version}_${architecture}`);
  run(
    [
      ...(["dpkg-deb", "--root-owner-group", "-Zxz"] as const),
      ...[`-z${label.quick ? 1 : 6}`, "--build", root, `${name}.deb`],
    ],
    { environment: { SOURCE_DATE_EPOCH: `${epoch}` } },
  );
  writeTarball(`${name}.deb`, `${name}.tar.xz`);
  return [`${name}.deb`, `${name}.tar.xz`];
}

/** A script of dpkg's, with what several of them share and what was measured. */
function scriptOf(name: string, kib: number, { tree, needs }: Label): string {
  const read = (file: string) =>
    readFileSync(join(tree, DEBIAN, file), "utf8").trimEnd();
  return `${read(name)}\n`
    .replace("@UPGRADE@", () => read("upgrade.sh"))
    .replaceAll("@GLIBC@", needs.glibc)
    .replaceAll("@KIB@", `${kib}`);
}

/** What it takes on a disk, in KiB. */
function sizeOf(root: string, files: readonly string[]): number {
  const bytes = files.map((path) => statSync(join(root, path)).size);
  return bytes.reduce((sum, each) => sum + Math.ceil(each / 1024), 0);
}

function controlOf(
  root: string,
  files: readonly string[],
  { version, architecture, needs }: Label,
): string {
  return `Package: tourniquet
Version: ${version}
Architecture: ${architecture}
Maintainer: ${MAINTAINER}
Installed-Size: ${sizeOf(root, files)}
Depends: ${needs.depends}, passwd, systemd (>= 247)
Section: net
Priority: optional
Description: enforces signed bans in this host's kernel
 The agent follows the signed feeds of its vendor's cloud, keeps every ban in
 a ledger, and makes the kernel drop what the ledger says. It answers with
 receipts, protects the host's own addresses, and works on while the cloud is
 away.
`;
}

function sumsOf(root: string, files: readonly string[]): string {
  return files
    .filter((path) => !path.startsWith("etc/"))
    .map((path) => {
      const sum = createHash("md5").update(readFileSync(join(root, path)));
      return `${sum.digest("hex")}  ${path}\n`;
    })
    .join("");
}

function dateAll(root: string, epoch: number): void {
  const all = readdirSync(root, { recursive: true, encoding: "utf8" });
  for (const path of [...all, "."]) utimesSync(join(root, path), epoch, epoch);
}

/** The package is an archive, of which one member is the tree. */
function writeTarball(deb: string, path: string): void {
  run(["sh", "-c", 'ar p "$1" data.tar.xz > "$2"', "sh", deb, path]);
}

/** Their SHA-256 sums, as `sha256sum --check` reads them. */
export function writeSums(to: string, files: readonly string[]): void {
  const lines = files.map((path) => {
    const sum = createHash("sha256").update(readFileSync(path)).digest("hex");
    return `${sum}  ${path.slice(to.length + 1)}\n`;
  });
  writeFileSync(join(to, "SHA256SUMS"), lines.join(""));
}
