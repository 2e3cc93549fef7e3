import { createHash, createPublicKey, verify } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import type { FeedName, Position } from "../../agent/model/position.js";
import { wire1, wire2 } from "../../agent/protocol/wire.js";
import { TrustedRoot, fingerprintOf } from "../../agent/trust/root.js";
import {
  NOW,
  goldenFolder,
  rootDocument,
  signRoot,
  trusted,
  unhex,
} from "../support/vectors.js";
import { bytesOf, readVector, refusalOf } from "./read-vector.js";
import { goldenFiles } from "./vectors/all.js";
import type { BadVectors, Vector } from "./vectors/vector.js";

const names = [...goldenFiles().keys()];
const load = (name: string) =>
  JSON.parse(readFileSync(join(goldenFolder, name), "utf8")) as unknown;
const good = names
  .filter((name) => name !== "bad.json")
  .map((name) => load(name) as Vector);
const bad = load("bad.json") as BadVectors;

describe("the golden files", () => {
  it("are all there, and nothing else is", () => {
    expect(readdirSync(goldenFolder).sort()).toEqual([...names].sort());
  });

  it.each([...goldenFiles()])("hold %s as it is made", (name, content) => {
    expect(readFileSync(join(goldenFolder, name), "utf8")).toBe(content);
  });
});

describe("a golden vector", () => {
  it.each(good)("$name is read as what it says", (vector) => {
    expect(readVector(vector.reads, bytesOf(vector), reading(vector))).toEqual(
      vector.decoded,
    );
  });

  it.each(good.filter(({ signatures }) => signatures))(
    "$name is signed, by node:crypto alone",
    ({ keys = {}, signedBytes = "", signatures = [] }) => {
      const publicOf = new Map(
        Object.values(keys).map((key) => [key.id, key.public]),
      );
      for (const { key, signature } of signatures) {
        const known = ed25519(publicOf.get(key) ?? "");
        const good = verify(null, unhex(signedBytes), known, unhex(signature));
        expect({ key, good }).toEqual({ key, good: true });
      }
    },
  );

  it.each(good.filter(({ hash }) => hash))(
    "$name has the hash of its signed bytes",
    ({ signedBytes = "", hash }) => {
      const sha256 = createHash("sha256").update(unhex(signedBytes));
      expect(sha256.digest("hex")).toBe(hash);
    },
  );

  it.each(good.filter(({ reads }) => reads.startsWith("cloud message")))(
    "$name is written byte for byte",
    ({ reads, text = "" }) => {
      const wire = reads === "cloud message" ? wire1 : wire2;
      expect(wire.write(wire.fromCloud(text))).toBe(text);
    },
  );
});

describe("a bad vector", () => {
  it("has a name of its own", () => {
    const names = bad.vectors.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it.each(bad.vectors)("$name ends in $refusal", (vector) => {
    const { text, pin } = bad.roots[vector.root];
    const root = TrustedRoot.open(text, pin);
    const expectation = { root, feeds: bad.feeds, now: bad.now };
    const at = vector.at
      ? { ...vector.at, hash: unhex(vector.at.hash) }
      : undefined;
    const read = () =>
      readVector(vector.reads, bytesOf(vector), {
        expect: expectation,
        pin,
        at,
      });
    expect(refusalOf(read)).toBe(vector.refusal);
  });
});

/** A follower of every feed that the vectors are of, where each comes next. */
function reading({ name, hash = "" }: Vector) {
  const feeds: readonly FeedName[] = ["urgent", "reputation", "org/example"];
  return {
    expect: { root: trusted(), feeds, now: NOW },
    pin: name === "root-v2" ? hash : fingerprintOf(signRoot(rootDocument())),
    at: name === "segment-lifts" ? afterBans() : undefined,
  };
}

function afterBans(): Position {
  const { hash = "" } = good.find(({ name }) => name === "segment-bans")!;
  return { feed: "urgent", epoch: "e1", offset: 4, hash: unhex(hash) };
}

function ed25519(raw: string) {
  return createPublicKey({
    key: unhex(`302a300506032b6570032100${raw}`),
    format: "der",
    type: "spki",
  });
}
