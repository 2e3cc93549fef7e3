import { lookup } from "node:dns/promises";

/**
 * Where the cloud's name leads to. Name servers may be slow, wrong or gone, so
 * nothing waits for them, and what they said last counts until they say else.
 */
export class CloudAddresses {
  readonly #hostname: string;
  #known: readonly string[] = [];

  constructor(url: URL) {
    // An IPv6 literal stands in brackets in a URL.
    this.#hostname = url.hostname.replace(/^\[(.*)\]$/, "$1");
  }

  get known(): readonly string[] {
    return this.#known;
  }

  /** Asks the name servers; a failure changes nothing. */
  async lookUp(): Promise<void> {
    try {
      const found = await lookup(this.#hostname, { all: true });
      this.#known = found.map(({ address }) => address);
    } catch {
      return; // connecting will say what is wrong with the name
    }
  }
}
