import type { Cidr } from "../../../agent/model/cidr.js";

/** What a written database says of a network. */
export type Said = Readonly<Record<string, unknown>>;

/** Of how many bits an address in the tree has, and when the file was made. */
export interface Making {
  readonly ipVersion?: 4 | 6;
  /** Seconds since 1970. */
  readonly built?: number;
}

/**
 * A database in MaxMind's format (version 2.0), with records of 24 bits: a tree over
 * the bits of addresses, what its leaves point to, and what the file says of itself.
 * Networks may not overlap.
 */
export function mmdbOf(
  networks: readonly (readonly [Cidr, Said])[],
  { ipVersion = 6, built = 1_700_000_000 }: Making = {},
): Buffer {
  const tree = new Tree();
  const data: Buffer[] = [];
  let size = 0;
  for (const [cidr, said] of networks) {
    const bytes = encoded(said);
    tree.put(bitsOf(cidr, ipVersion), size);
    data.push(bytes);
    size += bytes.length;
  }
  const metadata = encoded({
    ...{ node_count: tree.size, record_size: 24, ip_version: ipVersion },
    ...{ database_type: "Test-Country", languages: ["en"] },
    ...{ binary_format_major_version: 2, binary_format_minor_version: 0 },
    ...{ build_epoch: built, description: { en: "for a test" } },
  });
  const [separator, mark] = [Buffer.alloc(16), Buffer.from(MARK, "latin1")];
  return Buffer.concat([tree.bytes(), separator, ...data, mark, metadata]);
}

const MARK = "\xab\xcd\xefMaxMind.com";

/** In a tree for both families, IPv4 is in ::/96. */
function bitsOf({ family, address, prefix }: Cidr, ipVersion: 4 | 6): string {
  const bits = [...address]
    .map((byte) => byte.toString(2).padStart(8, "0"))
    .join("")
    .slice(0, prefix);
  return family === 4 && ipVersion === 6 ? "0".repeat(96) + bits : bits;
}

type Node = [left: Branch, right: Branch];

/** Another node by its number, a place in the data, or nothing. */
type Branch = { readonly node: number } | { readonly data: number } | undefined;

class Tree {
  readonly #nodes: Node[] = [[undefined, undefined]];

  get size(): number {
    return this.#nodes.length;
  }

  put(bits: string, data: number): void {
    let at = 0;
    for (let depth = 0; depth < bits.length; depth++) {
      const side = bits[depth] === "1" ? 1 : 0;
      const node = this.#nodes[at]!;
      if (depth === bits.length - 1) {
        node[side] = { data };
        return;
      }
      const next = node[side];
      if (next !== undefined && "node" in next) {
        at = next.node;
        continue;
      }
      at = this.#nodes.push([undefined, undefined]) - 1;
      node[side] = { node: at };
    }
  }

  bytes(): Buffer {
    const bytes = Buffer.alloc(this.size * 6);
    for (const [at, node] of this.#nodes.entries()) {
      for (const [side, branch] of node.entries()) {
        bytes.writeUIntBE(this.#recordOf(branch), at * 6 + side * 3, 3);
      }
    }
    return bytes;
  }

  /** What lies in the data is counted on behind the nodes, over the separator. */
  #recordOf(branch: Branch): number {
    if (branch === undefined) return this.size;
    return "node" in branch ? branch.node : this.size + 16 + branch.data;
  }
}

/** A value in the format's own encoding. */
function encoded(value: unknown): Buffer {
  if (typeof value === "string") {
    const bytes = Buffer.from(value);
    return Buffer.concat([control(TYPES.text, bytes.length), bytes]);
  }
  if (typeof value === "number") {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return Buffer.concat([control(TYPES.uint32, 4), bytes]);
  }
  if (Array.isArray(value)) {
    return Buffer.concat([
      control(TYPES.array, value.length),
      ...value.map(encoded),
    ]);
  }
  const entries = Object.entries(value as Said);
  const pairs = entries.flatMap(([key, each]) => [encoded(key), encoded(each)]);
  return Buffer.concat([control(TYPES.map, entries.length), ...pairs]);
}

const TYPES = { text: 2, uint32: 6, map: 7, array: 11 } as const;

/** The first bytes of a value: its type and its size, which stays below 285 here. */
function control(type: number, size: number): Buffer {
  const [low, more] = size < 29 ? [size, []] : [29, [size - 29]];
  return type <= 7
    ? Buffer.from([(type << 5) | low, ...more])
    : Buffer.from([low, type - 7, ...more]);
}
