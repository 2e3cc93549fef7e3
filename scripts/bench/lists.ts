import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  formatCidr,
  parseListedCidr,
  type Cidr,
} from "../../agent/model/cidr.js";

/** Addresses to measure with. */
export interface List {
  readonly name: string;
  /** Distinct and canonical. */
  readonly cidrs: readonly Cidr[];
}

/**
 * Single IPv4 addresses, scattered over the unicast space and never the same: a
 * walk over 2^32 by a step that is coprime to it.
 */
export function scattered(count: number): List {
  const cidrs: Cidr[] = [];
  for (let i = 1; cidrs.length < count; i++) {
    const value = Math.imul(i, 2_654_435_761) >>> 0;
    const address = Uint8Array.of(
      value >>> 24,
      (value >>> 16) & 255,
      (value >>> 8) & 255,
      value & 255,
    );
    if (isUnicast(address)) cidrs.push({ family: 4, address, prefix: 32 });
  }
  return { name: `${count.toLocaleString("en")} single addresses`, cidrs };
}

/** Where no guard has anything to say, nor RFC 2544's benchmarks are. */
function isUnicast([first = 0]: Uint8Array): boolean {
  return first > 0 && ![10, 127, 169, 198].includes(first) && first < 224;
}

/** A real list, or undefined where the data is not at hand. */
export function realList(path: string): List | undefined {
  const file = join(dataFolder(), path);
  if (!existsSync(file)) return undefined;
  const texts = readFileSync(file, "utf8")
    .split("\n")
    .map((line) => line.replace(/[#;].*$/, "").trim())
    .map((line) => line.split(/\s+/).at(-1) ?? "")
    .filter((text) => text !== "");
  const distinct = new Map<string, Cidr>();
  for (const text of texts) {
    const cidr = parseListedCidr(text);
    distinct.set(formatCidr(cidr), cidr);
  }
  return { name: path, cidrs: [...distinct.values()] };
}

/** Where real lists are: `TOURNIQUET_DATA`, or beside the project. */
export function dataFolder(): string {
  const root = join(dirname(fileURLToPath(import.meta.url)), "../../..");
  return process.env["TOURNIQUET_DATA"] ?? join(root, "../shared/data");
}
