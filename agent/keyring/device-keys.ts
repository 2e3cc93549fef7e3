import type { SigningKey } from "../trust/keys.js";

/** Where this host's keys lie. Each step is whole on the disk, or not taken. */
export interface KeyStore {
  /** One that an interrupted change left: the cloud may know it by now. */
  readonly next: SigningKey | undefined;
  /** Makes a key that is to follow the current one. */
  prepare(current: SigningKey): SigningKey;
  /** The key takes its predecessor's place, by one rename. */
  adopt(next: SigningKey): void;
  /** The key came to nothing. */
  discard(next: SigningKey): void;
}

/** This host's key can't be changed from here. */
export class KeyIsFixed extends Error {
  override readonly name = "KeyIsFixed";

  constructor() {
    super(
      "this host's key is a credential that its service manager hands in, and the agent cannot change it; set another one and enrol again",
    );
  }
}

/**
 * What this host signs with. While its key changes there are two, and only the
 * cloud knows which of them counts: a hello is said with the one, and with the
 * other when that was turned away.
 */
export class DeviceKeys implements Pick<SigningKey, "sign"> {
  readonly #store: KeyStore | undefined;
  #current: SigningKey;
  #next: SigningKey | undefined;
  #offersNext = false;

  constructor(current: SigningKey, store: KeyStore | undefined) {
    this.#current = current;
    this.#store = store;
    this.#next = store?.next;
  }

  get current(): SigningKey {
    return this.#current;
  }

  /** The one to say hello with. */
  get offered(): SigningKey {
    return (this.#offersNext ? this.#next : undefined) ?? this.#current;
  }

  sign(bytes: Uint8Array): Uint8Array {
    return this.#current.sign(bytes);
  }

  /** The cloud did not take what was offered; whether there is more to try. */
  turnedAway(): boolean {
    if (this.#next === undefined) return false;
    this.#offersNext = !this.#offersNext;
    return this.#offersNext;
  }

  /**
   * The cloud took what was offered: no doubt is left which key counts.
   * @throws what the disk throws; this process goes on with the right one
   */
  welcomed(): void {
    const next = this.#next;
    if (next === undefined) return;
    if (this.#offersNext) this.adopt(next);
    else {
      this.#next = undefined;
      this.#store?.discard(next);
    }
  }

  /**
   * A key that is on the disk, and not in force yet. One that the cloud may have
   * been told of is not thrown away before it is certain that it was not.
   * @throws KeyIsFixed, and what the disk throws
   */
  prepare(): SigningKey {
    if (this.#store === undefined) throw new KeyIsFixed();
    this.#next ??= this.#store.prepare(this.#current);
    return this.#next;
  }

  /** The cloud takes only this one now. */
  adopt(next: SigningKey): void {
    if (this.#current.id === next.id) return;
    this.#current = next;
    this.#next = undefined;
    this.#offersNext = false;
    this.#store?.adopt(next);
  }
}
