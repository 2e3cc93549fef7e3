import { createHash } from "node:crypto";
import {
  existsSync,
  readFileSync,
  readdirSync,
  realpathSync,
  statSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { misused } from "../agent/text/failure.js";
import { messageOf } from "../agent/text/message.js";

/** A program that can be placed: what it is called, and what belongs to it. */
export interface Program {
  /** Version and content, as in "0.1.0-2f6a91c04b7d". */
  readonly name: string;
  readonly version: string;
  readonly parts: readonly Part[];
}

/** A file or folder, and where it goes in the program's folder. */
export interface Part {
  readonly source: string;
  readonly path: string;
}

/**
 * Finds what the agent is made of in a built tree: its own files, and of the
 * packages those that it runs with.
 * @throws Failure when the tree is not built
 */
export function readProgram(tree: string): Program {
  const { version, dependencies = {} } = manifestOf(tree);
  const parts = [
    ...OWN_PARTS.map((path) => ({ source: join(tree, path), path })),
    ...packagesOf(tree, Object.keys(dependencies)),
  ];
  const absent = parts.find(({ source }) => !existsSync(source));
  if (absent !== undefined) {
    throw misused(
      `${tree} is not built: ${absent.path} is missing; run scripts/prepare`,
    );
  }
  return { name: `${version}-${digestOf(parts)}`, version, parts };
}

const OWN_PARTS = [
  "package.json",
  "LICENSE",
  "README.md",
  "SECURITY.md",
  "TELEMETRY.md",
  "docs",
  "dist/agent",
  "dist/service",
  "dist/installer",
  "service/tourniquet",
  "service/units",
  "installer/install.sh",
];

/** What a package says of itself. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** @throws Failure where there is none, or no JSON */
export function manifestOf(folder: string): Manifest {
  const path = join(folder, "package.json");
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Manifest;
  } catch (error) {
    throw misused(`${path} cannot be read: ${messageOf(error)}`, error);
  }
}

/**
 * The packages that these need, each found as Node finds it, but for those in
 * `without` and what only they need.
 */
export function packagesOf(
  tree: string,
  names: readonly string[],
  without: readonly string[] = [],
): readonly Part[] {
  const modules = join(tree, "node_modules");
  const found = new Map<string, Part>();
  const visit = (name: string, from: string, required: boolean): void => {
    if (without.includes(name)) return;
    const folder = resolvePackage(name, from, modules);
    if (folder === undefined) {
      if (!required) return; // an optional one, built for another platform
      throw misused(`${tree} lacks the package ${name}; run scripts/prepare`);
    }
    if (found.has(folder)) return;
    const path = join("node_modules", relative(modules, folder));
    found.set(folder, { source: folder, path });
    const manifest = manifestOf(folder);
    const optional = Object.keys(manifest.optionalDependencies ?? {});
    for (const each of Object.keys(manifest.dependencies ?? {})) {
      visit(each, folder, !optional.includes(each));
    }
    for (const each of optional) visit(each, folder, false);
  };
  for (const name of names) visit(name, tree, true);
  return outermost([...found.values()]);
}

/** Looks upward from the package that needs it, and not beyond the tree. */
function resolvePackage(
  name: string,
  from: string,
  modules: string,
): string | undefined {
  for (let at = from; ; at = dirname(at)) {
    const folder = join(at, "node_modules", name);
    if (existsSync(join(folder, "package.json"))) return folder;
    if (join(at, "node_modules") === modules || at === dirname(at)) break;
  }
  return undefined;
}

/** A package inside another one is copied with that one. */
function outermost(parts: readonly Part[]): readonly Part[] {
  return parts.filter(
    ({ source }) =>
      !parts.some(
        (other) =>
          source !== other.source && source.startsWith(`${other.source}/`),
      ),
  );
}

/** Twelve digits over every path and every byte. */
function digestOf(parts: readonly Part[]): string {
  const hash = createHash("sha256");
  const visit = (source: string, path: string): void => {
    if (statSync(source).isDirectory()) {
      for (const name of readdirSync(source).sort()) {
        visit(join(source, name), `${path}/${name}`);
      }
      return;
    }
    const bytes = readFileSync(source);
    hash.update(`${path}\0${bytes.length}\0`).update(bytes);
  };
  for (const { source, path } of parts) visit(realpathSync(source), path);
  return hash.digest("hex").slice(0, 12);
}
