import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import {
  growsFrom,
  includes,
  proveConsistency,
  proveInclusion,
  rootOf,
} from "../../agent/protocol/merkle-proof.js";
import {
  CompactRange,
  EMPTY_ROOT,
  leafHash,
  nodeHash,
  rootOver,
} from "../../agent/protocol/merkle-tree.js";
import { hex, unhex } from "../support/vectors.js";

/** Leaves and roots of the certificate-transparency project's reference tree. */
const leaves = [
  "",
  "00",
  "10",
  "2021",
  "3031",
  "40414243",
  "5051525354555657",
  "606162636465666768696a6b6c6d6e6f",
].map((text) => leafHash(unhex(text)));
const roots = [
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

const MOST = 300;

const leafOf = (n: number) => leafHash(Buffer.of(n >> 8, n));

/** A tree of so many leaves, with every perfect subtree, as a log keeps them. */
function grown(size: number, leaf: (n: number) => Uint8Array = leafOf) {
  const range = new CompactRange();
  const kept = new Map<string, Uint8Array>();
  const rootAt: Uint8Array[] = [EMPTY_ROOT];
  for (let n = 0; n < size; n += 1) {
    range.append(leaf(n), (level, index, hash) =>
      kept.set(`${level}/${index}`, hash),
    );
    rootAt.push(range.root());
  }
  const subtrees = (level: number, index: number) => {
    const hash = kept.get(`${level}/${index}`);
    if (hash === undefined) throw new Error(`no subtree ${level}/${index}`);
    return hash;
  };
  return { subtrees, rootAt, leaf };
}

const whole = grown(MOST);
const root = (size: number) => whole.rootAt[size] ?? EMPTY_ROOT;
const head = (size: number) => ({ size, root: root(size) });
const other = (hash: Uint8Array): Uint8Array =>
  nodeHash(hash, Buffer.from("other"));

const sizes = fc.integer({ min: 1, max: MOST });
const twoSizes = fc.tuple(sizes, sizes).map(([a, b]) => ({
  before: Math.min(a, b),
  after: Math.max(a, b),
}));

describe("the tree of RFC 6962", () => {
  it.each(roots.map((each, n) => ({ size: n + 1, each })))(
    "of $size reference leaves has the reference root",
    ({ size, each }) => expect(hex(rootOver(leaves.slice(0, size)))).toBe(each),
  );

  it("has the hash of nothing as its root while it is empty", () => {
    expect(hex(rootOver([]))).toBe(
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    );
  });

  it("goes on from the subtrees that were kept", () => {
    fc.assert(
      fc.property(twoSizes, ({ before, after }) => {
        const first = new CompactRange();
        for (let n = 0; n < before; n += 1) first.append(whole.leaf(n));
        const second = new CompactRange(before, first.hashes);
        for (let n = before; n < after; n += 1) second.append(whole.leaf(n));
        expect(second.root()).toEqual(root(after));
        expect(Buffer.from(rootOf(after, whole.subtrees))).toEqual(root(after));
      }),
    );
  });

  it("does not go on from subtrees that do not make its size", () => {
    expect(() => new CompactRange(3, [EMPTY_ROOT])).toThrow(RangeError);
  });
});

describe("a proof that a leaf is in a tree", () => {
  it("verifies for every leaf of every size up to some hundreds", () => {
    for (let size = 1; size <= MOST; size += size < 70 ? 1 : 23) {
      for (let index = 0; index < size; index += 1) {
        const proof = proveInclusion(index, size, whole.subtrees);
        const leaf = whole.leaf(index);
        const claim = { index, size, leaf, proof, root: root(size) };
        expect({ index, size, good: includes(claim) }).toEqual({
          ...{ index, size },
          good: true,
        });
      }
    }
  });

  const claims = sizes.chain((size) =>
    fc.integer({ min: 0, max: size - 1 }).map((index) => ({
      ...{ index, size, root: root(size), leaf: whole.leaf(index) },
      proof: proveInclusion(index, size, whole.subtrees),
    })),
  );

  it("fails for another leaf, another place and another tree", () => {
    fc.assert(
      fc.property(claims, (claim) => {
        const { leaf, index, size } = claim;
        expect(includes({ ...claim, leaf: other(leaf) })).toBe(false);
        expect(includes({ ...claim, index: index + 1 })).toBe(false);
        expect(includes({ ...claim, index: -1 })).toBe(false);
        expect(includes({ ...claim, root: other(root(size)) })).toBe(false);
        expect(includes({ ...claim, size: 0 })).toBe(false);
      }),
    );
  });

  it("fails when it is cut, drawn out, or one of its hashes is another", () => {
    fc.assert(
      fc.property(claims, fc.nat(), (claim, at) => {
        const { proof } = claim;
        expect(includes({ ...claim, proof: [...proof, EMPTY_ROOT] })).toBe(
          false,
        );
        if (proof.length === 0) return;
        expect(includes({ ...claim, proof: proof.slice(1) })).toBe(false);
        expect(includes({ ...claim, proof: proof.slice(0, -1) })).toBe(false);
        const bent = proof.map((each, n) =>
          n === at % proof.length ? other(each) : each,
        );
        expect(includes({ ...claim, proof: bent })).toBe(false);
      }),
    );
  });

  it("is not made for what is not in the tree", () => {
    expect(() => proveInclusion(7, 7, whole.subtrees)).toThrow(RangeError);
  });
});

describe("a proof that a tree grew from another", () => {
  it("verifies for every two sizes up to some hundreds", () => {
    for (let after = 0; after <= MOST; after += after < 70 ? 1 : 23) {
      for (let before = 0; before <= after; before += 1) {
        const proof = proveConsistency(before, after, whole.subtrees);
        const good = growsFrom({
          before: head(before),
          after: head(after),
          proof,
        });
        expect({ before, after, good }).toEqual({ before, after, good: true });
      }
    }
  });

  const growths = twoSizes.map(({ before, after }) => ({
    before: head(before),
    after: head(after),
    proof: proveConsistency(before, after, whole.subtrees),
  }));

  it("fails for a tree that shrank, and for another tree at either end", () => {
    fc.assert(
      fc.property(growths, ({ before, after, proof }) => {
        const bent = { ...before, root: other(before.root) };
        expect(growsFrom({ before: bent, after, proof })).toBe(false);
        const forked = { ...after, root: other(after.root) };
        expect(growsFrom({ before, after: forked, proof })).toBe(false);
        if (before.size === after.size) return;
        expect(growsFrom({ before: after, after: before, proof })).toBe(false);
      }),
    );
  });

  it("fails for a tree that is another from some leaf on", () => {
    fc.assert(
      fc.property(twoSizes, fc.nat(), ({ before, after }, at) => {
        const turn = at % before;
        const fork = grown(after, (n) =>
          n < turn ? whole.leaf(n) : other(whole.leaf(n)),
        );
        const proof = proveConsistency(before, after, fork.subtrees);
        const forked = { size: after, root: fork.rootAt[after] ?? EMPTY_ROOT };
        const claim = { before: head(before), after: forked, proof };
        expect(growsFrom(claim)).toBe(false);
      }),
    );
  });

  it("fails when it is cut, drawn out, or one of its hashes is another", () => {
    fc.assert(
      fc.property(growths, fc.nat(), (growth, at) => {
        const { proof } = growth;
        expect(growsFrom({ ...growth, proof: [...proof, EMPTY_ROOT] })).toBe(
          false,
        );
        if (proof.length === 0) return;
        expect(growsFrom({ ...growth, proof: proof.slice(1) })).toBe(false);
        expect(growsFrom({ ...growth, proof: proof.slice(0, -1) })).toBe(false);
        const bent = proof.map((each, n) =>
          n === at % proof.length ? other(each) : each,
        );
        expect(growsFrom({ ...growth, proof: bent })).toBe(false);
      }),
    );
  });

  it("is not made for a tree that is larger", () => {
    expect(() => proveConsistency(8, 7, whole.subtrees)).toThrow(RangeError);
  });
});
