import { describe, expect, it } from "@jest/globals";
import {
  generateKey,
  keyFromPem,
  keyFromSeed,
  keyIdOf,
  publicKey,
} from "../../agent/trust/keys.js";
import { signAsDevice } from "../../agent/trust/sign.js";
import { hex, keys, sha256Hex, unhex } from "../support/vectors.js";

describe("an Ed25519 key", () => {
  it.each([
    [
      "rootA",
      "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    ],
    [
      "contentA",
      "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    ],
    [
      "head",
      "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
    ],
  ] as const)("of an RFC 8032 seed is the RFC's (%s)", (name, expected) => {
    expect(hex(keys[name].publicKey)).toBe(expected);
  });

  it("signs as RFC 8032 does (test 2)", () => {
    const signature =
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da" +
      "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";
    expect(hex(keys.contentA.sign(unhex("72")))).toBe(signature);
  });

  it("has the start of its own hash as its id", () => {
    const { id, publicKey } = keys.device;
    expect(id).toBe(sha256Hex(publicKey).slice(0, 16));
    expect(id).toBe(keyIdOf(publicKey));
  });

  it("survives being kept in a file", () => {
    const key = generateKey();
    const again = keyFromPem(key.toPem());
    expect(again.id).toBe(key.id);
    expect(hex(again.sign(unhex("00")))).toBe(hex(key.sign(unhex("00"))));
  });

  it("is another one each time it is generated", () => {
    expect(generateKey().id).not.toBe(generateKey().id);
  });

  it("checks what it signed, and nothing else", () => {
    const signature = keys.device.sign(unhex("aa"));
    const key = publicKey(keys.device.publicKey);
    expect(key.verify(unhex("aa"), signature)).toBe(true);
    expect(key.verify(unhex("ab"), signature)).toBe(false);
    expect(key.verify(unhex("aa"), signature.subarray(1))).toBe(false);
  });

  it("is not read from a file that holds no key, or a seed that is no seed", () => {
    expect(() => keyFromPem("no key")).toThrow();
    expect(() => keyFromSeed(unhex("00"))).toThrow();
  });
});

describe("a device's signature", () => {
  it("is over the text as it is sent, behind its own prefix", () => {
    const { signed, signature } = signAsDevice("hello", { a: 1 }, keys.device);
    const bytes = Buffer.from(`tourniquet hello v1\n${signed}`);
    const key = publicKey(keys.device.publicKey);
    expect(signed).toBe('{"a":1}');
    expect(key.verify(bytes, Buffer.from(signature, "base64url"))).toBe(true);
  });

  it("on a hello does not count on a receipt", () => {
    const hello = signAsDevice("hello", {}, keys.device);
    const receipt = signAsDevice("receipt", {}, keys.device);
    expect(hello.signature).not.toBe(receipt.signature);
  });
});
