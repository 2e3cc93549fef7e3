import { networkInterfaces } from "node:os";
import type { Logger } from "../../agent/log/logger.js";
import { covers, formatCidr, type Cidr } from "../../agent/model/cidr.js";
import { failureAt, OutgoingRefused } from "./errors.js";
import { ownAddresses, refusedAs } from "./judgement.js";
import type { Lookup } from "./lookup.js";
import type { OutgoingSettings } from "./settings.js";
import { addressOf, type Target } from "./target.js";

interface WaysPorts {
  readonly log: Logger;
  readonly lookup: Lookup;
}

/** Finds the addresses of a host, and judges them all. */
export class Ways {
  readonly #settings: OutgoingSettings;
  readonly #log: Logger;
  readonly #lookup: Lookup;

  constructor(settings: OutgoingSettings, { log, lookup }: WaysPorts) {
    this.#settings = settings;
    this.#log = log;
    this.#lookup = lookup;
  }

  /**
   * The addresses to dial, in this order; at least one. A name with one that may
   * not be reached is refused as a whole: no honest name leads to the internet
   * and into a private network, and who picks the good one gives the other
   * another try at each call.
   * @throws OutgoingRefused, OutgoingFailed
   */
  async to(target: Target, signal: AbortSignal): Promise<readonly Cidr[]> {
    const { host, address: literal } = target;
    const texts = literal
      ? [formatCidr(literal)]
      : await this.#ask(target, signal);
    if (texts.length > MOST_ADDRESSES) {
      const problem = `has more than ${MOST_ADDRESSES} addresses`;
      throw new OutgoingRefused("host", host, problem);
    }
    const own = ownAddresses(networkInterfaces());
    const found = texts.map((text) => {
      const address = addressOf(text);
      const kind =
        address === undefined
          ? "an address of another kind"
          : refusedAs(address, { own, allow: this.#settings.allow });
      if (kind !== undefined) throw this.#refusal(target, text, kind);
      return address as Cidr;
    });
    for (const address of found) this.#checkPort(target, address);
    return found.slice(0, MOST_DIALLED);
  }

  async #ask(
    { url, host }: Target,
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    const texts = await this.#lookup(host, signal);
    if (texts.length > 0) return texts;
    throw failureAt(url, { code: "ENOTFOUND" });
  }

  /** Which address a name has in a private network, its operator alone is told. */
  #refusal(target: Target, address: string, kind: string): OutgoingRefused {
    const { host } = target;
    this.#log.warn("an outgoing call was refused", { host, address, kind });
    const isLiteral = target.address !== undefined;
    const what = isLiteral
      ? `is ${kind}`
      : `leads to ${kind} (the cloud's log says which)`;
    const problem = `${what}, where the cloud does not go unless outgoing.allow in cloud.json names it`;
    return new OutgoingRefused("host", host, problem);
  }

  /** @throws OutgoingRefused when the way there, or the port, is none */
  #checkPort({ url, isPlain, port }: Target, address: Cidr): void {
    const { allow, plainHttp, ports } = this.#settings;
    const isIn = (ranges: readonly Cidr[]) =>
      ranges.some((range) => covers(range, address));
    if (isPlain && !isIn(plainHttp)) {
      const problem =
        "has to be https: only addresses in outgoing.plainHttp in cloud.json are reached by http";
      throw new OutgoingRefused("url", url.origin, problem);
    }
    if (ports.includes(port) || (isPlain && port === 80)) return;
    if (isIn(allow) && (port === 443 || port >= FIRST_FREE_PORT)) return;
    const problem = `is none that is reached: those in outgoing.ports in cloud.json are (${ports.join(", ")}), and from ${FIRST_FREE_PORT} on at addresses in outgoing.allow`;
    throw new OutgoingRefused("port", String(port), problem);
  }
}

/** Of one name; more are no service's, and each is judged. */
const MOST_ADDRESSES = 64;
const MOST_DIALLED = 4;

/** Those below are well-known services', and those of mail and shells do not speak HTTP. */
const FIRST_FREE_PORT = 1024;
