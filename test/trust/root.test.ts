import { describe, expect, it } from "@jest/globals";
import { Malformed } from "../../agent/protocol/malformed.js";
import { Refused } from "../../agent/protocol/refusals.js";
import { textBytes } from "../../agent/protocol/signed-text.js";
import { TrustedRoot, fingerprintOf } from "../../agent/trust/root.js";
import { signText, signerOf } from "../../agent/trust/sign.js";
import {
  keys,
  rootDocument,
  sha256Hex,
  signRoot,
  trusted,
  type KeyName,
} from "../support/vectors.js";

describe("a root", () => {
  it("is opened when it is the pinned one and its own keys signed it", () => {
    const text = signRoot(rootDocument());
    const root = TrustedRoot.open(text, fingerprintOf(text));
    expect(root.document).toEqual(rootDocument());
    expect(root.fingerprint).toBe(sha256Hex(textBytes("root", text.signed)));
  });

  it("keeps its fingerprint when other root keys sign it", () => {
    const one = signRoot(rootDocument(), ["rootA"]);
    const two = signRoot(rootDocument(), ["rootB", "rootA"]);
    expect(fingerprintOf(one)).toBe(fingerprintOf(two));
  });

  it("is refused when it is not the pinned one, however well signed", () => {
    const pin = fingerprintOf(signRoot(rootDocument()));
    const other = signRoot({ ...rootDocument(), version: 2 });
    expect(() => TrustedRoot.open(other, pin)).toThrow(Refused);
  });

  it.each<[string, KeyName[]]>([
    ["one of two root keys", ["rootA"]],
    ["one root key twice", ["rootA", "rootA"]],
    ["one root key and a content key", ["rootA", "contentA"]],
    ["a stranger", ["stranger"]],
  ])("is refused when only %s signed it", (_, signers) => {
    const text = signRoot(rootDocument(), signers);
    expect(() => TrustedRoot.open(text, fingerprintOf(text))).toThrow(Refused);
  });

  it("is refused when it was signed as something else", () => {
    const text = signText("head", rootDocument(), [keys.rootA, keys.rootB]);
    expect(() => TrustedRoot.open(text, fingerprintOf(text))).toThrow(Refused);
  });

  it.each([
    ["has a role without keys", { content: { keys: [], threshold: 1 } }],
    [
      "asks for no signature",
      { content: { keys: ["00".repeat(8)], threshold: 0 } },
    ],
    ["asks for nine", { content: { keys: ["00".repeat(8)], threshold: 9 } }],
    [
      "has a role too many",
      { janitor: { keys: ["00".repeat(8)], threshold: 1 } },
    ],
  ])("is malformed when it %s", (_, roles) => {
    const document = rootDocument();
    const text = signText(
      "root",
      { ...document, roles: { ...document.roles, ...roles } },
      [keys.rootA, keys.rootB],
    );
    expect(() => TrustedRoot.open(text, fingerprintOf(text))).toThrow(
      Malformed,
    );
  });

  it("goes by what a key is, not by the id that it is listed under", () => {
    const document = rootDocument();
    const borrowed = document.keys.map((key) =>
      key.id === keys.contentA.id
        ? { ...key, public: raw(keys.stranger.publicKey) }
        : key,
    );
    const root = trusted({ ...document, keys: borrowed });
    const bytes = Buffer.from("anything");
    const signatures = signerOf([keys.stranger])(bytes);
    const claimed = signatures.map((each) => ({
      ...each,
      key: keys.contentA.id,
    }));
    expect(() => root.check("content", bytes, signatures)).toThrow(Refused);
    expect(() => root.check("content", bytes, claimed)).toThrow(Refused);
  });
});

describe("a role", () => {
  const bytes = Buffer.from("anything");
  const signed = (...names: KeyName[]) =>
    signerOf(names.map((name) => keys[name]))(bytes);

  it("accepts its own keys, and no other role's", () => {
    const root = trusted();
    expect(() =>
      root.check("content", bytes, signed("contentB")),
    ).not.toThrow();
    expect(() => root.check("head", bytes, signed("contentB"))).toThrow(
      Refused,
    );
    expect(() =>
      root.check("critical", bytes, signed("critical")),
    ).not.toThrow();
  });

  it("accepts nothing that was signed for other bytes", () => {
    const other = Buffer.from("anything else");
    expect(() => trusted().check("content", other, signed("contentA"))).toThrow(
      "0 of 1 needed signatures for content are good",
    );
  });

  it("accepts no signature that is cut short", () => {
    const cut = signed("contentA").map(({ key, signature }) => ({
      key,
      signature: signature.subarray(0, 63),
    }));
    expect(() => trusted().check("content", bytes, cut)).toThrow(Refused);
  });

  it("counts a good signature behind a bad one of the same key", () => {
    const [good] = signed("contentA");
    const bad = { key: keys.contentA.id, signature: new Uint8Array(64) };
    expect(() => trusted().check("content", bytes, [bad, good!])).not.toThrow();
  });

  it("with a threshold that its keys cannot meet accepts nothing", () => {
    const root = trusted(rootDocument({ head: 2 }));
    expect(() => root.check("head", bytes, signed("head"))).toThrow(Refused);
  });
});

const raw = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64url");
