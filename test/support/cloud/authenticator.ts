import {
  createHash,
  generateKeyPairSync,
  randomBytes,
  sign,
  type KeyObject,
} from "node:crypto";
import type {
  PasskeyMade,
  PasskeyShown,
} from "../../../cloud/sign-in/passkeys.js";

/** What can be wrong with an authenticator, or with the page that asks it. */
export interface Quirks {
  /** The page's; the cloud's own by default. */
  readonly origin?: string;
  readonly rpId?: string;
  /** False: nobody's finger or PIN was asked for. */
  readonly verified?: boolean;
  readonly userHandle?: string;
  /** A clone counts on from where it was taken. */
  readonly counter?: number;
  /** Answers another challenge than it was given. */
  readonly challenge?: string;
}

interface Creation {
  readonly challenge: string;
  readonly rp: { readonly id?: string };
  readonly user: { readonly id: string };
}

interface Request {
  readonly challenge: string;
  readonly rpId?: string;
}

/** A passkey in software: makes ES256 keys, counts, and signs as WebAuthn has it. */
export class Authenticator {
  readonly id = randomBytes(32);
  readonly #origin: string;
  readonly #key: KeyObject;
  readonly #point: { readonly x: string; readonly y: string };
  #userHandle = "";
  counter = 0;

  /** @param origin of the page that uses it */
  constructor(origin: string) {
    const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const { x = "", y = "" } = pair.publicKey.export({ format: "jwk" });
    this.#origin = origin;
    this.#key = pair.privateKey;
    this.#point = { x, y };
  }

  /** `navigator.credentials.create()`. */
  create(asked: Creation, quirks: Quirks = {}): PasskeyMade {
    this.#userHandle = asked.user.id;
    const rpId = quirks.rpId ?? asked.rp.id ?? "";
    const authData = Buffer.concat([
      this.#head(rpId, quirks, ATTESTED),
      Buffer.alloc(16),
      Buffer.from([0, this.id.length]),
      this.id,
      this.#publicKey(),
    ]);
    const attestation = cbor(
      new Map<string, Cbor>([
        ["fmt", "none"],
        ["attStmt", new Map()],
        ["authData", authData],
      ]),
    );
    return {
      ...this.#named(),
      response: {
        clientDataJSON: base64url(this.#said("webauthn.create", asked, quirks)),
        attestationObject: base64url(attestation),
        transports: ["internal"],
      },
    };
  }

  /** `navigator.credentials.get()`. */
  get(asked: Request, quirks: Quirks = {}): PasskeyShown {
    this.counter = quirks.counter ?? this.counter + 1;
    const authData = this.#head(quirks.rpId ?? asked.rpId ?? "", quirks, 0);
    const clientData = this.#said("webauthn.get", asked, quirks);
    const hash = createHash("sha256").update(clientData).digest();
    const signed = Buffer.concat([authData, hash]);
    return {
      ...this.#named(),
      response: {
        clientDataJSON: base64url(clientData),
        authenticatorData: base64url(authData),
        signature: base64url(sign("sha256", signed, this.#key)),
        userHandle: quirks.userHandle ?? this.#userHandle,
      },
    };
  }

  #named() {
    const id = base64url(this.id);
    const type = "public-key" as const;
    return { id, rawId: id, type, clientExtensionResults: {} };
  }

  #said(type: string, asked: { challenge: string }, quirks: Quirks): Buffer {
    const { challenge = asked.challenge, origin = this.#origin } = quirks;
    return Buffer.from(
      JSON.stringify({ type, challenge, origin, crossOrigin: false }),
    );
  }

  #head(rpId: string, { verified = true }: Quirks, flags: number): Buffer {
    const head = Buffer.alloc(37);
    createHash("sha256").update(rpId).digest().copy(head);
    head[32] = flags | PRESENT | (verified ? VERIFIED : 0);
    head.writeUInt32BE(this.counter, 33);
    return head;
  }

  /** As COSE has it: kty EC2, alg ES256, crv P-256, x, y. */
  #publicKey(): Buffer {
    const { x, y } = this.#point;
    return cbor(
      new Map<number, Cbor>([
        [1, 2],
        [3, -7],
        [-1, 1],
        [-2, Buffer.from(x, "base64url")],
        [-3, Buffer.from(y, "base64url")],
      ]),
    );
  }
}

const PRESENT = 0x01;
const VERIFIED = 0x04;
const ATTESTED = 0x40;

const base64url = (bytes: Buffer): string => bytes.toString("base64url");

type Cbor = number | string | Buffer | Map<number | string, Cbor>;

/** As much of CBOR as a passkey needs. */
function cbor(value: Cbor | Map<string, Cbor> | Map<number, Cbor>): Buffer {
  if (typeof value === "number") {
    return value < 0 ? head(1, -1 - value) : head(0, value);
  }
  if (typeof value === "string") {
    const bytes = Buffer.from(value);
    return Buffer.concat([head(3, bytes.length), bytes]);
  }
  if (Buffer.isBuffer(value)) {
    return Buffer.concat([head(2, value.length), value]);
  }
  const pairs = [...value].flatMap(([key, each]) => [cbor(key), cbor(each)]);
  return Buffer.concat([head(5, value.size), ...pairs]);
}

function head(major: number, count: number): Buffer {
  const type = major << 5;
  if (count < 24) return Buffer.from([type | count]);
  if (count < 256) return Buffer.from([type | 24, count]);
  return Buffer.from([type | 25, count >> 8, count & 255]);
}
