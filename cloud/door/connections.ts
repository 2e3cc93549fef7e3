import type { Server } from "node:http";
import type { Socket } from "node:net";
import type { Clock } from "../../agent/runtime/clock.js";
import { LOOK_EVERY_MS, STRANGER_MS, strangersRoom } from "./budgets.js";
import { Crowd } from "./crowd.js";
import { networkOf } from "./networks.js";

export interface ConnectionsPorts {
  readonly clock: Pick<Clock, "monotonic" | "every">;
  /** In all, agents included. */
  readonly most: number;
  /** Asked before anything is read from a new connection. */
  admit(address: string): boolean;
  /** A connection was ended, or not taken, for want of room. */
  dropped(why: ConnectionDrop): void;
}

export type ConnectionDrop =
  | "connections-too-fast"
  | "connections-crowded-out"
  | "connections-all-taken"
  | "strangers-too-long";

/** A connection below TLS, and since when its owner has shown nothing. */
interface Guest {
  readonly socket: Socket;
  readonly network: string;
  strangerSince: number;
  /** What it does for somebody who is known: requests, or a session. */
  engaged: number;
}

/**
 * Every connection of the public door, from the moment that the kernel hands it
 * over. Who is busy for a known agent or operator stays; strangers have a
 * limited time, and make room for each other.
 */
export class Connections implements Disposable {
  readonly #ports: ConnectionsPorts;
  readonly #guests = new Map<string, Guest>();
  readonly #strangers: Crowd<Guest>;
  readonly #timer: Disposable;

  constructor(server: Server, ports: ConnectionsPorts) {
    this.#ports = ports;
    this.#strangers = new Crowd(strangersRoom(ports.most));
    server.on("connection", (socket: Socket) => this.#came(socket));
    this.#timer = ports.clock.every(LOOK_EVERY_MS, () => this.#look());
  }

  counts(): { readonly open: number; readonly strangers: number } {
    return { open: this.#guests.size, strangers: this.#strangers.size };
  }

  /**
   * The connection works for somebody who is known, until disposed. Of one that
   * came in by another door nothing is kept.
   */
  engage(socket: Socket): Disposable {
    const guest = this.#guests.get(nameOf(socket));
    if (guest === undefined) return { [Symbol.dispose]: () => undefined };
    guest.engaged += 1;
    this.#strangers.leave(guest, guest.network);
    return { [Symbol.dispose]: () => this.#release(guest) };
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
  }

  #came(socket: Socket): void {
    const address = socket.remoteAddress;
    // Gone before it was here.
    if (address === undefined) return void socket.destroy();
    if (!this.#ports.admit(address)) {
      this.#drop(socket, "connections-too-fast");
      return;
    }
    const name = nameOf(socket);
    const guest: Guest = {
      ...{ socket, network: networkOf(address), engaged: 0 },
      strangerSince: this.#ports.clock.monotonic(),
    };
    this.#guests.set(name, guest);
    socket.once("close", () => {
      this.#guests.delete(name);
      this.#strangers.leave(guest, guest.network);
    });
    this.#takeIn(guest);
    if (this.#guests.size <= this.#ports.most) return;
    const other = this.#strangers.makeRoom();
    if (other !== undefined) this.#drop(other.socket, "connections-all-taken");
  }

  #release(guest: Guest): void {
    guest.engaged -= 1;
    if (guest.engaged > 0 || guest.socket.destroyed) return;
    guest.strangerSince = this.#ports.clock.monotonic();
    this.#takeIn(guest);
  }

  #takeIn(guest: Guest): void {
    const other = this.#strangers.enter(guest, guest.network);
    if (other) this.#drop(other.socket, "connections-crowded-out");
  }

  #look(): void {
    const before = this.#ports.clock.monotonic() - STRANGER_MS;
    for (const { socket, strangerSince } of this.#strangers) {
      if (strangerSince < before) this.#drop(socket, "strangers-too-long");
    }
  }

  #drop(socket: Socket, why: ConnectionDrop): void {
    this.#ports.dropped(why);
    socket.on("error", () => undefined);
    socket.destroy();
  }
}

/** The same below TLS and above it. */
const nameOf = ({ remoteAddress, remotePort }: Socket): string =>
  `${remoteAddress ?? ""} ${remotePort ?? 0}`;
