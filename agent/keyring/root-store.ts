import type { AgentEvents } from "../events/events.js";
import { limits } from "../protocol/limits.js";
import { Malformed } from "../protocol/malformed.js";
import { Refused } from "../protocol/refusals.js";
import type { SignedText } from "../protocol/signed-text.js";
import type { TrustedRoot } from "../trust/root.js";

export interface RootStorePorts {
  /** The newest root that this host has accepted. */
  readonly newest: TrustedRoot;
  /** Keeps a root over a restart of the agent; throws when it cannot. */
  keep(root: SignedText, fingerprint: string): void;
  readonly events: Pick<
    AgentEvents,
    "rootTaken" | "rootNotKept" | "rootRefused"
  >;
}

/**
 * The root that is in force on this host, and the way to the next one: each by the
 * four steps of PROTOCOL.md, The next root (trust/root.ts). What they refuse changes
 * nothing here; two roots of one version (`forked`) are kept in mind as an alarm.
 */
export class RootStore {
  readonly #ports: RootStorePorts;
  #current: TrustedRoot;
  /** The newest version that the cloud has claimed to have. */
  #claimed: number;
  #forked: string | undefined;
  readonly #listeners = new Set<() => void>();

  constructor(ports: RootStorePorts) {
    this.#ports = ports;
    this.#current = ports.newest;
    this.#claimed = this.version;
  }

  get current(): TrustedRoot {
    return this.#current;
  }

  get version(): number {
    return this.#current.document.version;
  }

  /** What speaks for a second root of the same version; undefined: nothing. */
  get forked(): string | undefined {
    return this.#forked;
  }

  /** Whether the cloud says that there are newer ones. */
  get isBehind(): boolean {
    return this.#claimed > this.version;
  }

  /** The cloud says which version is the newest. */
  claimed(version: number): void {
    this.#claimed = version;
  }

  /** Called in the very turn in which a root comes into force. */
  onTaken(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** Takes a root that was pushed; one that is known already changes nothing. */
  hear(text: SignedText): void {
    try {
      this.#take(text);
    } catch (error) {
      if (error instanceof Refused) this.#refused(error);
      else if (error instanceof Malformed) {
        this.#ports.events.rootRefused(error);
      } else throw error;
    }
  }

  /**
   * Takes the roots from the one after the own to the newest that the cloud
   * claims, one by one, a bounded number of them.
   * @throws what stops it: what was taken until then stays
   */
  async catchUp(
    fetch: (version: number) => Promise<SignedText>,
  ): Promise<void> {
    const last = Math.min(this.#claimed, this.version + limits.rootsAtOnce);
    while (this.version < last) this.#take(await fetch(this.version + 1));
  }

  /** In force before it is on the disk: a full disk must not keep a revoked key alive. */
  #take(text: SignedText): void {
    const root = this.#current.next(text); // steps 1 to 4
    this.#current = root;
    this.#claimed = Math.max(this.#claimed, this.version);
    const { events } = this.#ports;
    try {
      this.#ports.keep(text, root.fingerprint);
    } catch (error) {
      events.rootNotKept(this.version, error);
    }
    events.rootTaken(this.version, root.fingerprint);
    for (const listener of this.#listeners) listener();
  }

  #refused(error: Refused): void {
    if (error.code === "replayed") return;
    if (error.code === "forked") this.#forked = error.detail;
    if (error.code === "gap") this.#claimed = this.version + 1;
    else this.#ports.events.rootRefused(error);
  }
}
