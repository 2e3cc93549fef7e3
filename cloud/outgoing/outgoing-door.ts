import type { IncomingMessage } from "node:http";
import type { SecureContext } from "node:tls";
import type { Logger } from "../../agent/log/logger.js";
import type { Cidr } from "../../agent/model/cidr.js";
import type { Clock } from "../../agent/runtime/clock.js";
import { codeOf } from "../../agent/text/network-failures.js";
import { responseOf } from "./answer.js";
import { askOf, redirected, type Ask, type OutgoingInit } from "./ask.js";
import { trusting } from "./authorities.js";
import { Call } from "./call.js";
import { Calls } from "./calls.js";
import { failureAt, OutgoingRefused, tooSlow } from "./errors.js";
import { exchange } from "./exchange.js";
import { systemLookup, type Lookup } from "./lookup.js";
import type { OutgoingSettings } from "./settings.js";
import { targetOf } from "./target.js";
import { Ways } from "./ways.js";

/** What one call may take; all have defaults. */
export interface OutgoingBounds {
  /** Of the answer's body as it comes; 16 MiB. */
  readonly mostBytes?: number | undefined;
  /** Of the body once it is inflated; 64 MiB. */
  readonly mostInflated?: number | undefined;
  /** Until the last byte was read, redirects included; 30 s. */
  readonly withinMs?: number | undefined;
  /** Between two bytes that are waited for; 10 s. */
  readonly betweenMs?: number | undefined;
}

export interface OutgoingPorts {
  readonly log: Logger;
  readonly clock: Pick<Clock, "sleep">;
  /** All addresses of a name; this machine's resolver unless given. */
  readonly lookup?: Lookup;
}

/**
 * The only way to a URL that an operator gave. A name is resolved once, all of
 * its addresses are judged, and only those are dialled. Nothing of the
 * environment (proxies, lax TLS) counts.
 */
export class OutgoingDoor implements Disposable {
  readonly #clock: Pick<Clock, "sleep">;
  readonly #ways: Ways;
  readonly #secureContext: SecureContext | undefined;
  readonly #calls = new Calls();
  readonly #open = new Set<Call>();

  /** @throws BadCaFile */
  constructor(settings: OutgoingSettings, ports: OutgoingPorts) {
    const { log, clock, lookup = systemLookup() } = ports;
    this.#clock = clock;
    this.#ways = new Ways(settings, { log, lookup });
    const { caFile } = settings;
    this.#secureContext = caFile === undefined ? undefined : trusting(caFile);
  }

  /**
   * As the global `fetch`, within the rules. The answer's body has to be read or
   * cancelled; after `withinMs` it fails by itself.
   * @throws OutgoingRefused, OutgoingFailed, or why the caller's signal was
   * aborted; the body fails with them, too
   */
  async fetch(
    url: string | URL,
    init: OutgoingInit = {},
    bounds: OutgoingBounds = {},
  ): Promise<Response> {
    const ask = await askOf(targetOf(url), init);
    const call = new Call(this.#clock, {
      withinMs: bounds.withinMs ?? WITHIN_MS,
      tooLate: (ms) =>
        tooSlow(ask.target.url, `takes more than ${ms / 1000} s`),
      signal: init.signal,
    });
    this.#open.add(call);
    call.onEnd(() => this.#open.delete(call));
    try {
      return await this.#follow(ask, call, { ...bounds, ...init });
    } catch (error) {
      const why = call.signal.aborted ? call.reason : error;
      call.end();
      throw why;
    }
  }

  /** Ends all calls. */
  [Symbol.dispose](): void {
    for (const call of this.#open) call.abort(new Error("the cloud stops"));
  }

  async #follow(first: Ask, call: Call, how: How): Promise<Response> {
    let ask = first;
    for (let redirects = 0; ; redirects += 1) {
      const { url, host } = ask.target;
      const slot = this.#calls.begin(host);
      call.onEnd(() => slot[Symbol.dispose]());
      const message = await this.#say(ask, call, how);
      call.onEnd(() => message.destroy());
      const location = locationOf(message);
      if (location === undefined || how.redirect === "manual") {
        return this.#answer(message, ask, { call, how });
      }
      message.destroy();
      slot[Symbol.dispose]();
      if (redirects === MOST_REDIRECTS) {
        const problem = `leads on after ${MOST_REDIRECTS} redirects`;
        throw new OutgoingRefused("redirect", url.origin, problem);
      }
      ask = redirected(ask, message.statusCode ?? 0, location);
    }
  }

  /** To the first of the addresses that is there. */
  async #say(ask: Ask, call: Call, how: How): Promise<IncomingMessage> {
    const { url } = ask.target;
    try {
      const found = this.#ways.to(ask.target, call.signal);
      const ways = await call.within(found, patienceOf(how), () =>
        tooSlow(url, "has a name that nobody resolves"),
      );
      for (const address of ways.slice(0, -1)) {
        const message = await this.#dial(address, ask, { call, how }).catch(
          (error: unknown) => {
            if (error instanceof NotThere) return undefined;
            throw error;
          },
        );
        if (message !== undefined) return message;
      }
      return await this.#dial(ways.at(-1) as Cidr, ask, { call, how });
    } catch (error) {
      const cause = error instanceof NotThere ? error.cause : error;
      throw failureAt(url, cause);
    }
  }

  /** @throws NotThere when nothing was said yet, and another address may answer */
  async #dial(
    address: Cidr,
    ask: Ask,
    { call, how }: { readonly call: Call; readonly how: How },
  ): Promise<IncomingMessage> {
    const { url } = ask.target;
    const dial = new AbortController();
    call.onEnd(() => dial.abort());
    const { connected, head } = exchange(ask, {
      ...{ address, secureContext: this.#secureContext, signal: dial.signal },
    });
    head.catch(nothing);
    connected.catch(nothing);
    try {
      const late = () =>
        tooSlow(url, `does not answer within ${CONNECT_MS / 1000} s`);
      await call.within(connected, CONNECT_MS, late);
    } catch (error) {
      dial.abort();
      throw AWAY.has(codeOf(error)) ? new NotThere(error) : error;
    }
    try {
      const most = patienceOf(how);
      const late = () => tooSlow(url, `says nothing for ${most / 1000} s`);
      return await call.within(head, most, late);
    } catch (error) {
      dial.abort();
      throw error;
    }
  }

  #answer(
    message: IncomingMessage,
    { target: { url }, method }: Ask,
    { call, how }: { readonly call: Call; readonly how: How },
  ): Response {
    const most = patienceOf(how);
    const late = () => tooSlow(url, `says nothing for ${most / 1000} s`);
    const mostBytes = how.mostBytes ?? MOST_BYTES;
    const mostInflated = how.mostInflated ?? MOST_INFLATED;
    const within = <T>(next: Promise<T>) => call.within(next, most, late);
    const bounds = { mostBytes, mostInflated, within };
    try {
      return responseOf(message, { url, method, bounds, call });
    } catch (error) {
      throw failureAt(url, error);
    }
  }
}

type How = OutgoingBounds & Pick<OutgoingInit, "redirect">;

/** Nobody was reached at one address. */
class NotThere extends Error {
  constructor(cause: unknown) {
    super("nobody is there", { cause });
  }
}

const patienceOf = ({ betweenMs = BETWEEN_MS }: How): number => betweenMs;

/** Where an answer leads, if it leads elsewhere. */
function locationOf({ statusCode, headers }: IncomingMessage) {
  return REDIRECTS.has(statusCode ?? 0) ? headers.location : undefined;
}

const nothing = () => undefined;

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const MOST_REDIRECTS = 3;

/** Of a connection to one address, with its TLS. */
const CONNECT_MS = 5_000;
const WITHIN_MS = 30_000;
const BETWEEN_MS = 10_000;
const MOST_BYTES = 16 * 1024 * 1024;
const MOST_INFLATED = 64 * 1024 * 1024;

/** Codes of an address where nobody is, while another of the name may answer. */
const AWAY = new Set([
  ...["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "ETIMEDOUT"],
  ...["EADDRNOTAVAIL", "EAFNOSUPPORT"],
]);
