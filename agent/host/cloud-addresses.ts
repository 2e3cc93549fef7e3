import { lookup } from "node:dns/promises";
import { rename, writeFile } from "node:fs/promises";
import { formatCidr } from "../model/cidr.js";
import { addressesOf } from "./named.js";
import { SmallFiles } from "./small-files.js";

/**
 * Where the names of the cloud and its proxy lead to, and what was last reached. Name
 * servers may be slow, wrong or gone, so nothing waits for them, and what they
 * said last counts until they say else.
 */
export class CloudAddresses {
  readonly #hostnames: readonly string[];
  readonly #file: string;
  readonly #found = new Map<string, readonly string[]>();
  #reached: readonly string[];

  private constructor(
    urls: readonly URL[],
    file: string,
    reached: readonly string[],
  ) {
    // An IPv6 literal stands in brackets in a URL.
    this.#hostnames = urls.map(({ hostname }) =>
      hostname.replace(/^\[(.*)\]$/, "$1"),
    );
    this.#file = file;
    this.#reached = reached;
  }

  /**
   * Of the cloud, and of the proxy that leads there, if one does. `file` keeps what
   * was reached, one address a line.
   */
  static async open(
    urls: readonly URL[],
    file: string,
  ): Promise<CloudAddresses> {
    return new CloudAddresses(urls, file, await rememberedIn(file));
  }

  get known(): readonly string[] {
    return [
      ...new Set([...this.#reached, ...[...this.#found.values()].flat()]),
    ];
  }

  /** Asks the name servers; a failure changes nothing. */
  async lookUp(): Promise<void> {
    await Promise.all(
      this.#hostnames.map(async (name) => {
        this.#found.set(name, await this.#addressesOf(name));
      }),
    );
  }

  /** Connecting will say what is wrong with the name. */
  async #addressesOf(name: string): Promise<readonly string[]> {
    try {
      const found = await lookup(name, { all: true });
      return found.map(({ address }) => address);
    } catch {
      return this.#found.get(name) ?? [];
    }
  }

  /**
   * Keeps where the cloud was reached, the latest first, also for the next start.
   * @throws when the file can't be written; it counts until the end all the same
   */
  async reachedAt(addresses: readonly string[]): Promise<void> {
    const all = [...new Set([...addresses, ...this.#reached])];
    const latest = all.slice(0, MOST_REMEMBERED);
    if (latest.join() === this.#reached.join()) return;
    this.#reached = latest;
    const text = latest.map((address) => `${address}\n`).join("");
    await writeFile(`${this.#file}.new`, text, { mode: 0o600 });
    await rename(`${this.#file}.new`, this.#file);
  }
}

/** Where the cloud was reached before; nothing where that can't be read. */
export async function rememberedIn(file: string): Promise<readonly string[]> {
  const files = new SmallFiles(() => undefined);
  const cidrs = await files.read(file, (bytes) =>
    addressesOf(bytes.toString("latin1").split("\n").filter(Boolean)),
  );
  return cidrs.slice(0, MOST_REMEMBERED).map(formatCidr);
}

/** In the state folder. */
export const CLOUD_ADDRESSES = "cloud-addresses";

/** As many addresses as a name with several machines behind it has. */
const MOST_REMEMBERED = 16;
