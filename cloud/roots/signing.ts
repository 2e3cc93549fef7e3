import type { Sign } from "../../agent/protocol/container.js";
import { openSegment } from "../../agent/protocol/segment.js";
import { rootFormat, type Role } from "../../agent/protocol/root-document.js";
import type {
  ProtocolVersion,
  SignedText,
} from "../../agent/protocol/signed-text.js";
import type { SigningKey } from "../../agent/trust/keys.js";
import type { TrustedRoot } from "../../agent/trust/root.js";
import { signerOf } from "../../agent/trust/sign.js";
import { BadFolder } from "../folder.js";
import { checkRoot } from "./ceremony.js";
import { mustBeReadable, type V1Reader } from "./readers.js";
import { readChain, readKeys, writeRoot } from "./root-files.js";

/** What comes into force with a root. */
export interface Published {
  readonly version: number;
  readonly text: SignedText;
}

/** The cloud's roots, and the keys that the newest lets it sign with. */
export class Signing {
  readonly #dir: string;
  #texts: readonly SignedText[];
  #root: TrustedRoot;
  #online: Online;
  readonly #listeners = new Set<(published: Published) => void>();

  private constructor(dir: string) {
    this.#dir = dir;
    const { texts, newest } = readChain(dir);
    this.#texts = texts;
    this.#root = newest;
    this.#online = onlineKeys(dir, newest);
  }

  /** @throws BadFolder when roots or keys are missing; Refused when they are no chain */
  static open(dir: string): Signing {
    return new Signing(dir);
  }

  get root(): TrustedRoot {
    return this.#root;
  }

  get version(): number {
    return this.#texts.length;
  }

  /** Version of the newest root that is read by who speaks this version. */
  newestFor(protocol: ProtocolVersion): number {
    const unread = this.#texts.findIndex(
      ({ signed }) => rootFormat(signed) > protocol,
    );
    return unread < 0 ? this.version : Math.max(1, unread);
  }

  get contentKeys(): readonly SigningKey[] {
    return this.#online.content;
  }

  get headKeys(): readonly SigningKey[] {
    return this.#online.head;
  }

  /** What signs customers' policies: the content keys where no role is for it. */
  get policyKeys(): readonly SigningKey[] {
    const { policy, content } = this.#online;
    return policy.length > 0 ? policy : content;
  }

  /** What signs tree heads; none where the root has no role for it. */
  get logKeys(): readonly SigningKey[] {
    return this.#online.log;
  }

  /** Signs content, by the keys that are in force when it is called. */
  readonly sign: Sign = (bytes) => signerOf(this.#online.content)(bytes);

  /** The root of a version, root 1 first; undefined when there is none. */
  text(version: number): SignedText | undefined {
    return this.#texts[version - 1];
  }

  /** The newest root, as it travels. */
  get newest(): SignedText {
    const text = this.text(this.version);
    if (text === undefined) throw new BadFolder("there is no root");
    return text;
  }

  /**
   * Puts the next root into force: on the disk, then here, then everywhere.
   * @throws Refused, BadRoot, RootHeldBack or BadFolder, and then nothing has happened
   */
  publish(
    text: SignedText,
    now: number,
    readersOfV1Only: () => readonly V1Reader[],
  ): Published {
    const next = this.#root.next(text);
    checkRoot(next.document, now);
    mustBeReadable(text, readersOfV1Only);
    const online = onlineKeys(this.#dir, next);
    const { version } = next.document;
    writeRoot(this.#dir, version, text);
    this.#texts = [...this.#texts, text];
    this.#root = next;
    this.#online = online;
    const published = { version, text };
    for (const listener of this.#listeners) listener(published);
    return published;
  }

  /** Called in the very turn in which a root comes into force. */
  onPublished(listener: (published: Published) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /**
   * A segment of the journal as agents may take it now. Its hash is of what was
   * signed, and not of who signed, so the chain stays what it was.
   */
  signedAnew(bytes: Uint8Array): Uint8Array {
    const { signatures, signedBytes } = openSegment(bytes);
    const { keys, threshold } = this.#root.document.roles.content;
    const good = signatures.filter(({ key }) => keys.includes(key));
    if (good.length >= threshold) return bytes;
    const unsigned = bytes.length - 1 - SIGNATURE_BYTES * signatures.length;
    const anew = this.sign(signedBytes).flatMap(({ key, signature }) => [
      Buffer.from(key, "hex"),
      signature,
    ]);
    const count = Buffer.from([anew.length / 2]);
    return Buffer.concat([bytes.subarray(0, unsigned), count, ...anew]);
  }
}

/** A key's id and its signature. */
const SIGNATURE_BYTES = 8 + 64;

type Online = Readonly<
  Record<"content" | "head" | "log" | "policy", readonly SigningKey[]>
>;

function onlineKeys(dir: string, root: TrustedRoot): Online {
  const found = readKeys(dir);
  const of = (role: Role): readonly SigningKey[] => {
    const listed = root.document.roles[role];
    if (listed === undefined) return [];
    const { keys, threshold } = listed;
    const own = found.filter(({ id }) => keys.includes(id));
    if (own.length >= threshold) return own.slice(0, threshold);
    throw new BadFolder(
      `root ${root.document.version} wants ${threshold} ${role} keys of ${keys.join(", ")}; ${dir}/keys holds ${own.length} of them`,
    );
  };
  return {
    ...{ content: of("content"), head: of("head") },
    ...{ log: of("log"), policy: of("policy") },
  };
}
