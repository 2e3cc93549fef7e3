import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { setImmediate as nextTurn } from "node:timers/promises";
import { NETLINK_ROUTE } from "../netlink/constants.js";
import { NetlinkError } from "../netlink/error.js";
import {
  askForNetwork,
  furtherAddressOf,
  linkOf,
  listFurtherAddresses,
  listLinks,
  listNetworks,
  networkOf,
  type Link,
} from "../netlink/links.js";
import { readGateways } from "../netlink/route.js";
import { isInterrupted, NetlinkSocket } from "../netlink/socket.js";
import type { Clock } from "../runtime/clock.js";
import { loadLibc, type Libc } from "../runtime/libc.js";
import {
  isPartOfAnother,
  uncoveredIn,
  type Bridging,
  type Devices,
  type Guests,
} from "./uncovered.js";

export interface PathsPorts {
  readonly clock: Pick<Clock, "monotonic">;
  /** Which devices there are could not be read; told once until it can. */
  readonly unread: (why: unknown) => void;
}

/** Finds the ways on which packets pass this host without meeting its rules. */
export class UncoveredPaths {
  readonly #ports: PathsPorts;
  #found: readonly string[] = [];
  #looking: Promise<void> | undefined;
  #restsUntil = -Infinity;
  #failing = false;

  constructor(ports: PathsPorts) {
    this.#ports = ports;
  }

  /** As of the latest look that came to its end; a line each, for a person. */
  get found(): readonly string[] {
    return this.#found;
  }

  /** Looks, unless that was done a moment ago: what it costs bounds how often. */
  look(): Promise<void> {
    if (this.#ports.clock.monotonic() < this.#restsUntil) {
      return Promise.resolve();
    }
    this.#looking ??= this.#look().finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  async #look(): Promise<void> {
    const { clock, unread } = this.#ports;
    const began = clock.monotonic();
    try {
      this.#found = uncoveredIn(await devices(await loadLibc()));
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) unread(error);
      this.#failing = true;
    }
    const tookMs = clock.monotonic() - began;
    this.#restsUntil = clock.monotonic() + REST_SHARE * tookMs;
  }
}

async function devices(libc: Libc): Promise<Devices> {
  using socket = new NetlinkSocket(libc, NETLINK_ROUTE);
  const outward = new Set(readGateways(socket).map((each) => each.interface));
  const links: Link[] = [];
  const guests = new Map<number, Guests>();
  const own = await eachLink(libc, undefined, (link) => {
    const { master, name } = link;
    // There may be thousands: of cables to guests their number does.
    if (link.kind !== "veth" || outward.has(link.index)) links.push(link);
    else if (master !== 0) {
      const { count = 0, example = name } = guests.get(master) ?? {};
      guests.set(master, { count: count + 1, example });
    }
  });
  const outwards = withLower(outward, links);
  const others = await partsElsewhere(libc, socket);
  return {
    ...{ links, guests, outward: outwards },
    elsewhere: others.parts,
    further: furtherOf(socket, links, outwards),
    bridging: await bridging(),
    whole: own && others.whole,
  };
}

/** A route by a VLAN of a bridge leads out by that bridge. */
function withLower(
  outward: ReadonlySet<number>,
  links: readonly Link[],
): ReadonlySet<number> {
  const all = new Set(outward);
  for (let depth = 0; depth < DEEPEST; depth++) {
    for (const link of links) {
      if (all.has(link.index) && isPartOfAnother(link) && link.lower) {
        all.add(link.lower.index);
      }
    }
  }
  return all;
}

/** Devices of other networks that are parts of devices of this one. */
async function partsElsewhere(
  libc: Libc,
  socket: NetlinkSocket,
): Promise<{ readonly parts: readonly Link[]; readonly whole: boolean }> {
  const networks = socket.list("list networks", listNetworks, (message) => {
    const network = networkOf(message);
    return network === undefined ? [] : [network];
  });
  const parts: Link[] = [];
  let whole = networks.length <= MOST_NETWORKS;
  for (const network of networks.slice(0, MOST_NETWORKS)) {
    const all = await eachLink(libc, network, (link) => {
      if (isPartOfAnother(link)) parts.push(link);
    });
    whole &&= all;
  }
  // Asked last: it is by being told of such a device that the kernel draws it.
  const own = parts.length === 0 ? undefined : ownNetwork(socket);
  const isOfOurs = ({ lower }: Link) =>
    own !== undefined && lower?.network === own;
  return { parts: parts.filter(isOfOurs), whole };
}

/** The number that this network calls itself by. */
function ownNetwork(socket: NetlinkSocket): number | undefined {
  const fd = openSync("/proc/self/ns/net", "r");
  try {
    const [answer] = socket.exchange("find this network", (w) =>
      askForNetwork(w, fd),
    );
    if (answer instanceof NetlinkError) throw answer;
    return answer && networkOf(answer);
  } finally {
    closeSync(fd);
  }
}

/**
 * Of devices that lead outside. Parts of them that were made in another network
 * from the start are known there only, but their addresses are taken here.
 */
function furtherOf(
  socket: NetlinkSocket,
  links: readonly Link[],
  outward: ReadonlySet<number>,
): ReadonlyMap<number, readonly Uint8Array[]> {
  const asked = links.filter(
    (link) =>
      link.master === 0 &&
      !link.isLoopback &&
      (outward.has(link.index) || link.kind === undefined),
  );
  return new Map(
    asked.slice(0, MOST_ASKED).map(({ index }) => [
      index,
      socket.list(
        "list further addresses",
        (w) => listFurtherAddresses(w, index),
        (message) => {
          const address = furtherAddressOf(message);
          return address === undefined ? [] : [address];
        },
      ),
    ]),
  );
}

/**
 * Tells of every device of a network; the event loop turns in between. Returns
 * whether there are no more than it tells of.
 */
async function eachLink(
  libc: Libc,
  network: number | undefined,
  take: (link: Link) => void,
): Promise<boolean> {
  using socket = new NetlinkSocket(libc, NETLINK_ROUTE);
  let seen = 0;
  try {
    const listed = socket.dump("list devices", (w) => listLinks(w, network));
    for (const message of listed) {
      const link = linkOf(message);
      if (link !== undefined) take(link);
      if (++seen >= MOST_LINKS) return false;
      if (seen % LINKS_A_TURN === 0) await nextTurn();
    }
  } catch (error) {
    // Devices came or went meanwhile; the next look sees them.
    if (isInterrupted(error)) return true;
    // Another network may be gone, or not ours to look into.
    if (network !== undefined && error instanceof NetlinkError) return true;
    throw error;
  }
  return true;
}

/** As it is set for the network that this process is in. */
async function bridging(): Promise<Bridging> {
  const isOn = async (name: string): Promise<boolean | undefined> => {
    const text = await readFile(`${SYSCTLS}/${name}`, "utf8").catch(() => "");
    return text === "" ? undefined : text.trim() !== "0";
  };
  const callsIpv4 = await isOn("bridge-nf-call-iptables");
  if (callsIpv4 === undefined) return undefined;
  return {
    callsIpv4,
    callsIpv6: (await isOn("bridge-nf-call-ip6tables")) ?? false,
    filtersTagged: (await isOn("bridge-nf-filter-vlan-tagged")) ?? false,
  };
}

const SYSCTLS = "/proc/sys/net/bridge";

/** A hundredth of a core at most, with however many devices. */
const REST_SHARE = 99;

/** Some ten microseconds each. */
const LINKS_A_TURN = 256;
const MOST_LINKS = 16_384;
const MOST_NETWORKS = 1_024;
const MOST_ASKED = 64;

/** VLANs within VLANs. */
const DEEPEST = 4;
