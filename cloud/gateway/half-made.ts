import type { Socket } from "node:net";
import { HELLO_BYTES, HELLO_PIECES } from "../door/budgets.js";
import type { Crowd } from "../door/crowd.js";
import { networkOf } from "../door/networks.js";

/** As much of a WebSocket as it takes to end one. */
interface Ending {
  terminate(): void;
}

export interface HalfMadePorts {
  readonly crowd: Crowd<HalfMade>;
  dropped(why: "sessions-crowded-out" | "hellos-too-large"): void;
}

/**
 * A session that has not said who it is. All that it may send is one hello, in
 * few pieces; however it is cut up, no more than that is ever kept of it.
 */
export class HalfMade {
  readonly #webSocket: Ending;
  readonly #socket: Socket;
  readonly #ports: HalfMadePorts;
  readonly #network: string;
  #bytes = 0;
  #pieces = 0;

  constructor(webSocket: Ending, socket: Socket, ports: HalfMadePorts) {
    this.#webSocket = webSocket;
    this.#socket = socket;
    this.#ports = ports;
    this.#network = networkOf(socket.remoteAddress ?? "");
    socket.prependListener("data", this.#count);
    socket.once("close", () => this.leave());
    const other = ports.crowd.enter(this, this.#network);
    if (other === undefined) return;
    ports.dropped("sessions-crowded-out");
    other.#end();
  }

  /** It is an agent's, or over. */
  leave(): void {
    this.#socket.off("data", this.#count);
    this.#ports.crowd.leave(this, this.#network);
  }

  /** Unceremoniously: a goodbye would have to be waited for. */
  #end(): void {
    this.leave();
    this.#webSocket.terminate();
  }

  readonly #count = (piece: Buffer): void => {
    this.#bytes += piece.length;
    this.#pieces += 1;
    if (this.#bytes <= HELLO_BYTES && this.#pieces <= HELLO_PIECES) return;
    this.#ports.dropped("hellos-too-large");
    this.#end();
  };
}
