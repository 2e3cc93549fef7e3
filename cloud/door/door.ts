import type { Server } from "node:http";
import type { Socket } from "node:net";
import type { Clock } from "../../agent/runtime/clock.js";
import type { Drops } from "../log/drops.js";
import { CONNECTION_RATES, UPGRADE_RATES } from "./budgets.js";
import { Connections } from "./connections.js";
import { ConnectionLimiter } from "./connection-limiter.js";
import { KnownPlaces } from "./known-places.js";
import { mostConnections, mostOpenFiles } from "./open-files.js";

export interface DoorPorts {
  readonly clock: Clock;
  readonly drops: Pick<Drops, "count">;
  /** Addresses that agents were welcomed from before, the newest last. */
  readonly addresses: Iterable<string>;
}

/** What stands between strangers and the cloud at its public door. */
export class Door implements Disposable {
  readonly #ports: DoorPorts;
  readonly #known: KnownPlaces;
  readonly #upgrades: ConnectionLimiter;
  readonly #connections: Connections;
  readonly #most = mostConnections(mostOpenFiles());

  constructor(server: Server, ports: DoorPorts) {
    const { clock, drops, addresses } = ports;
    this.#ports = ports;
    const known = new KnownPlaces(addresses);
    this.#known = known;
    this.#upgrades = new ConnectionLimiter(UPGRADE_RATES, { clock, known });
    const doorkeeper = new ConnectionLimiter(CONNECTION_RATES, {
      clock,
      known,
    });
    this.#connections = new Connections(server, {
      ...{ clock, most: this.#most },
      admit: (address) => doorkeeper.admit(address),
      dropped: (why) => drops.count(why),
    });
  }

  /** Whether one more session may begin from the address now. */
  admit(address: string): boolean {
    if (this.#upgrades.admit(address)) return true;
    this.#ports.drops.count("upgrades-too-fast");
    return false;
  }

  /** An agent has proved at this connection who it is, for as long as it lasts. */
  welcomed(socket: Socket): void {
    this.#connections.engage(socket);
    if (socket.remoteAddress !== undefined) {
      this.#known.remember(socket.remoteAddress);
    }
  }

  /** The connection works for somebody who is known, until disposed. */
  engage(socket: Socket): Disposable {
    return this.#connections.engage(socket);
  }

  report() {
    const { open, strangers } = this.#connections.counts();
    return { open, strangers, most: this.#most, known: this.#known.size };
  }

  [Symbol.dispose](): void {
    this.#connections[Symbol.dispose]();
  }
}
