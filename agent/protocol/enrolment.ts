import * as v from "valibot";
import { modes } from "../model/mode.js";
import { Malformed } from "./malformed.js";
import { Id, Sha256, base64url, parseSecretJson, shortText } from "./shapes.js";
import { SignedText } from "./signed-text.js";

/**
 * What a customer pastes into a new host: where the cloud is, a one-time
 * secret, and the fingerprint of the root that the host will trust. Text form:
 * `tq1.` and the base64url of this as JSON.
 */
export const EnrolmentToken = v.strictObject({
  url: v.pipe(v.string(), v.url(), v.maxLength(512)),
  secret: base64url(32),
  /** SHA-256 of the root's signed bytes. */
  root: Sha256,
});
export type EnrolmentToken = v.InferOutput<typeof EnrolmentToken>;

/** Body of `POST /v1/enrol`. */
export const EnrolmentRequest = v.strictObject({
  secret: base64url(32),
  /** The device's raw Ed25519 public key; the private one never leaves. */
  publicKey: base64url(32),
  /** Signature over `tourniquet enrol v1\n` and the secret: the key is held. */
  proof: base64url(64),
  hostname: shortText(253),
  /** Operating system and version, for the operator's list. */
  system: shortText(128),
  version: shortText(32),
});
export type EnrolmentRequest = v.InferOutput<typeof EnrolmentRequest>;

/** Answer to `POST /v1/enrol`. */
export const EnrolmentAnswer = v.strictObject({
  agent: Id,
  org: Id,
  cloud: shortText(128),
  root: SignedText,
  /**
   * What the token proposes that the host begins with. Agents before 0.6.0 are not
   * told: they take no field that they do not know.
   */
  mode: v.exactOptional(v.picklist(modes)),
});
export type EnrolmentAnswer = v.InferOutput<typeof EnrolmentAnswer>;

/** The bytes that an enrolment's proof is made over. */
export const enrolmentProofBytes = (secret: string): Buffer =>
  Buffer.from(`tourniquet enrol v1\n${secret}`);

export function encodeToken(token: EnrolmentToken): string {
  return PREFIX + Buffer.from(JSON.stringify(token)).toString("base64url");
}

/** @throws Malformed with what is wrong, never with the secret */
export function decodeToken(text: string): EnrolmentToken {
  const trimmed = text.trim();
  if (!trimmed.startsWith(PREFIX)) {
    throw new Malformed("enrolment token", `does not begin with "${PREFIX}"`);
  }
  if (trimmed.length > LONGEST_TOKEN) {
    throw new Malformed("enrolment token", "is too long");
  }
  const json = Buffer.from(trimmed.slice(PREFIX.length), "base64url");
  return parseSecretJson(
    EnrolmentToken,
    json.toString("utf8"),
    "enrolment token",
  );
}

const PREFIX = "tq1.";
const LONGEST_TOKEN = 2_048;
