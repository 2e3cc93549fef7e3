import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { bits, formatCidr, type Cidr } from "../../agent/model/cidr.js";

/** A tool that is on most hosts and can drop the same addresses. */
export interface Peer {
  readonly name: string;
  /** Undefined when it can be measured, else why not. */
  readonly absent: string | undefined;
  /** Prepares a file with everything; not measured. */
  prepare(cidrs: readonly Cidr[], folder: string): string;
  /** Loads the file into the kernel. */
  load(file: string): void;
  /** One more range. */
  add(cidr: Cidr): void;
  clear(): void;
}

/** `nft -f`: singles in a hash set, ranges in an interval set, both with timeouts. */
export const nft: Peer = {
  name: "nft -f",
  absent: absence("nft", ["--version"]),
  prepare: (cidrs, folder) =>
    written(join(folder, "peer.nft"), [
      "table inet peer {",
      ...[4, 6].flatMap((family) => [
        `set one${family} { type ipv${family}_addr; flags timeout; }`,
        `set net${family} { type ipv${family}_addr; flags interval,timeout; auto-merge; }`,
      ]),
      "}",
      ...inSets(cidrs).map(
        ([set, members]) =>
          `add element inet peer ${set} { ${members.map((each) => `${formatCidr(each)} timeout 1h`).join(", ")} }`,
      ),
    ]),
  load: (file) => run("nft", ["-f", file]),
  add: (cidr) =>
    run("nft", [
      "add",
      "element",
      "inet",
      "peer",
      setOf(cidr),
      `{ ${formatCidr(cidr)} timeout 1h }`,
    ]),
  clear: () => void spawnSync("nft", ["delete", "table", "inet", "peer"]),
};

/** `ipset restore`: hash:ip for singles, hash:net for ranges, both with timeouts. */
export const ipset: Peer = {
  name: "ipset restore",
  absent: absence("ipset", ["list"]),
  prepare: (cidrs, folder) =>
    written(join(folder, "peer.ipset"), [
      ...[4, 6].flatMap((family) => {
        const options = `family ${family === 4 ? "inet" : "inet6"} timeout 3600 maxelem 4194304`;
        return [
          `create one${family} hash:ip ${options}`,
          `create net${family} hash:net ${options}`,
        ];
      }),
      ...cidrs.map((cidr) => `add ${setOf(cidr)} ${formatCidr(cidr)}`),
    ]),
  load: (file) => run("ipset", ["restore", "-file", file]),
  add: (cidr) => run("ipset", ["add", setOf(cidr), formatCidr(cidr)]),
  clear: () => {
    for (const set of ["one4", "net4", "one6", "net6"]) {
      spawnSync("ipset", ["destroy", set]);
    }
  },
};

const setOf = ({ family, prefix }: Cidr): string =>
  `${prefix === bits(family) ? "one" : "net"}${family}`;

function inSets(cidrs: readonly Cidr[]): [string, readonly Cidr[]][] {
  const sets = new Map<string, Cidr[]>();
  for (const cidr of cidrs) {
    const members = sets.get(setOf(cidr));
    if (members === undefined) sets.set(setOf(cidr), [cidr]);
    else members.push(cidr);
  }
  return [...sets];
}

function written(path: string, lines: readonly string[]): string {
  writeFileSync(path, `${lines.join("\n")}\n`);
  return path;
}

function run(command: string, args: readonly string[]): void {
  execFileSync(command, args, { stdio: ["ignore", "ignore", "pipe"] });
}

function absence(command: string, args: readonly string[]): string | undefined {
  const { error, status, stderr } = spawnSync(command, args);
  if (error !== undefined) return `${command} is not installed`;
  return status === 0
    ? undefined
    : `${command} fails: ${String(stderr).trim()}`;
}
