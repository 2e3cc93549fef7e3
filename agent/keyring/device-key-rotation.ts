import type { Identity } from "../config/identity.js";
import type { AgentEvents } from "../events/events.js";
import type { Rekey } from "../protocol/rekey.js";
import { Mutex } from "../runtime/mutex.js";
import { signAsDevice } from "../trust/sign.js";
import { sendRekey, type FetchOptions } from "../uplink/fetch.js";
import type { Session } from "../uplink/uplink.js";
import type { DeviceKeys } from "./device-keys.js";

export interface DeviceKeyRotationPorts {
  readonly identity: Pick<Identity, "agent" | "cloud">;
  readonly keys: DeviceKeys;
  readonly events: Pick<AgentEvents, "rekeyed" | "keyNotKept">;
  fetching(session: Session): FetchOptions;
}

/** There is no link over which the cloud could be told of a new key. */
export class NotConnected extends Error {
  override readonly name = "NotConnected";

  constructor() {
    super("not connected to the cloud, which has to be told of a new key");
  }
}

/** Replaces this host's key, on its operator's order. */
export class DeviceKeyRotation {
  readonly #ports: DeviceKeyRotationPorts;
  readonly #turns = new Mutex();
  #session: Session | undefined;

  constructor(ports: DeviceKeyRotationPorts) {
    this.#ports = ports;
  }

  /** The cloud has taken one of the keys. */
  welcomed(session: Session): void {
    this.#session = session;
    this.#note((keys) => keys.welcomed());
  }

  /**
   * Makes a key, tells the cloud, and signs with it from then on. Whatever breaks
   * off in between, the next connection finds out which key counts.
   * @returns the new key's id
   * @throws NotConnected, KeyIsFixed, FetchFailed, or that it cannot be kept
   */
  rekey(): Promise<string> {
    return this.#turns.run(async () => {
      const { keys } = this.#ports;
      const session = this.#session;
      if (session === undefined || session.ended.aborted) {
        throw new NotConnected();
      }
      const next = keys.prepare();
      const { agent, cloud } = this.#ports.identity;
      const publicKey = Buffer.from(next.publicKey).toString("base64url");
      const order: Rekey = { agent, nonce: session.nonce, cloud, publicKey };
      const { signed, signature } = signAsDevice("rekey", order, keys);
      const proof = signAsDevice("rekey", order, next).signature;
      const request = { signed, signature, proof };
      await sendRekey(this.#ports.fetching(session), request);
      this.#note(() => keys.adopt(next));
      return next.id;
    });
  }

  /** If the disk cannot record it, the next start finds out again which key counts. */
  #note(settle: (keys: DeviceKeys) => void): void {
    const { keys, events } = this.#ports;
    const before = keys.current.id;
    try {
      settle(keys);
    } catch (error) {
      events.keyNotKept(error);
    }
    if (keys.current.id !== before) events.rekeyed(keys.current.id);
  }
}
