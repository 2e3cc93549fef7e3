import { randomBytes, timingSafeEqual } from "node:crypto";
import { sha256 } from "../agent/protocol/sha256.js";

/** 32 bytes that nobody can guess, as base64url. */
export const newSecret = (): string => randomBytes(32).toString("base64url");

/** What is stored in a secret's place, in lower-case hex. */
export const hashOf = (secret: string): string =>
  sha256(Buffer.from(secret)).toString("hex");

/** Compares hashes without telling by its time where they differ. */
export function sameHash(a: string, b: string): boolean {
  return timingSafeEqual(Buffer.from(a, "hex"), Buffer.from(b, "hex"));
}

/** An id such as `agt-5f0c…`: short, unique, and fit for a URL. */
export const newId = (prefix: string): string =>
  `${prefix}-${randomBytes(8).toString("hex")}`;
