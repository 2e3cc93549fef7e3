import { lookup } from "node:dns/promises";
import { rename, writeFile } from "node:fs/promises";
import { formatCidr } from "../model/cidr.js";
import { addressesOf } from "./named.js";
import { SmallFiles } from "./small-files.js";

/**
 * Where the cloud's name leads to, and where the cloud was last reached. Name
 * servers may be slow, wrong or gone, so nothing waits for them, and what they
 * said last counts until they say else.
 */
export class CloudAddresses {
  /** Undefined where there is no cloud. */
  readonly #hostname: string | undefined;
  readonly #file: string;
  #found: readonly string[] = [];
  #reached: readonly string[];

  private constructor(
    url: URL | undefined,
    file: string,
    reached: readonly string[],
  ) {
    // An IPv6 literal stands in brackets in a URL.
    this.#hostname = url?.hostname.replace(/^\[(.*)\]$/, "$1");
    this.#file = file;
    this.#reached = reached;
  }

  /** `file` keeps where the cloud was reached, one address a line. */
  static async open(
    url: URL | undefined,
    file: string,
  ): Promise<CloudAddresses> {
    return new CloudAddresses(url, file, await rememberedIn(file));
  }

  get known(): readonly string[] {
    return [...new Set([...this.#reached, ...this.#found])];
  }

  /** Asks the name servers; a failure changes nothing. */
  async lookUp(): Promise<void> {
    if (this.#hostname === undefined) return;
    try {
      const found = await lookup(this.#hostname, { all: true });
      this.#found = found.map(({ address }) => address);
    } catch {
      return; // connecting will say what is wrong with the name
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
