import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { Ban } from "../../agent/model/ban.js";
import { compareCidrs, formatCidr } from "../../agent/model/cidr.js";
import { Malformed } from "../../agent/protocol/malformed.js";
import {
  openSnapshot,
  readBans,
  sealSnapshot,
  type Group,
} from "../../agent/protocol/snapshot.js";
import { signerOf } from "../../agent/trust/sign.js";
import {
  ISSUED_AT,
  ISSUED_AT_S,
  NOT_AFTER,
  ban,
  hex,
  keys,
  position,
  unhex,
} from "../support/vectors.js";
import { bans } from "./arbitraries.js";

describe("a snapshot", () => {
  it("brings back any bans that were sealed, group by group", () => {
    const distinct = fc.uniqueArray(bans, {
      maxLength: 60,
      selector: ({ cidr }) => formatCidr(cidr),
    });
    fc.assert(
      fc.property(distinct, (bans) => {
        const groups = grouped(bans);
        const { bytes, bans: count } = seal(groups);
        expect(count).toBe(bans.length);
        expect([...readBans(openSnapshot(bytes))].flat()).toEqual(
          groups.flatMap(({ bans }) => [...bans]),
        );
      }),
      { numRuns: 500 },
    );
  });

  it("is of version 2 only where hosts still wait for a ring", () => {
    const [ban] = neighbours(1) as [Ban];
    const ringed = (all: number) => {
      const rings = { canary: 0, early: 0, broad: 0, all };
      return [{ ...SINGLES, ringed: true, bans: [{ ...ban, rings }] }];
    };
    const magic = (groups: readonly Group[]) =>
      seal(groups).bytes.subarray(0, 4).toString();
    expect(magic([{ ...SINGLES, bans: [ban] }])).toBe("TQN1");
    expect(magic(ringed(ISSUED_AT_S + 1))).toBe("TQN2");
    expect(magic([{ ...SINGLES, ringed: true, bans: [] }])).toBe("TQN1");
  });

  it("says where its feed stands", () => {
    const { bytes } = seal([]);
    const { header } = openSnapshot(bytes);
    expect(header).toMatchObject({
      feed: "urgent",
      audience: "all",
      epoch: "e1",
      offset: 120,
      hash: "ab".repeat(32),
      bans: 0,
      issuedAt: ISSUED_AT,
      notAfter: NOT_AFTER,
    });
  });

  it("comes in slices of the size that is asked for", () => {
    const { bytes } = seal(grouped(neighbours(25)));
    const sizes = [...readBans(openSnapshot(bytes), 10)].map(
      (slice) => slice.length,
    );
    expect(sizes).toEqual([10, 10, 5]);
  });

  it("leaves out groups without bans", () => {
    const { bytes, bans } = seal([{ ...SINGLES, bans: [] }]);
    expect(bans).toBe(0);
    expect([...readBans(openSnapshot(bytes))]).toEqual([]);
  });

  it("takes two bytes for a neighbour's address, before it is deflated", () => {
    const size = (count: number) =>
      openSnapshot(seal(grouped(neighbours(count))).bytes).header.body.rawBytes;
    const address = 2;
    const expiry = 2;
    const reason = 1;
    expect(size(11) - size(10)).toBe(address + expiry + reason);
  });

  it("refuses to name more reasons than a reader takes", () => {
    const many = Array.from({ length: 65_537 }, (_, i) => ({
      ...ban("192.0.2.7", 60, `${i}`),
    }));
    expect(() => seal([{ ...SINGLES, bans: many }])).toThrow(RangeError);
  });

  it("is malformed when its addresses do not ascend", () => {
    const backwards = neighbours(3).reverse();
    const { bytes } = seal([{ ...SINGLES, bans: backwards }]);
    expect(() => [...readBans(openSnapshot(bytes))]).toThrow(Malformed);
  });

  it("is the same bytes for the same bans", () => {
    const groups = grouped(neighbours(9));
    expect(hex(seal(groups).bytes)).toBe(hex(seal(groups).bytes));
  });
});

const SINGLES = { family: 4, prefix: 32, observed: false } as const;

const neighbours = (count: number): Ban[] =>
  Array.from({ length: count }, (_, i) => {
    const { op: _op, ...rest } = ban(`192.0.2.${i}`, 3_600, "scan");
    return rest;
  });

function seal(groups: readonly Group[]) {
  return sealSnapshot(
    {
      position: position(120, unhex("ab".repeat(32))),
      issuedAt: ISSUED_AT,
      notAfter: NOT_AFTER,
      groups,
    },
    signerOf([keys.contentA]),
  );
}

/** Bans as a snapshot wants them: alike together, addresses ascending. */
function grouped(bans: readonly Ban[]): Group[] {
  const groups = new Map<string, Group & { bans: Ban[] }>();
  for (const ban of bans) {
    const { observed } = ban;
    const ringed = ban.rings !== undefined;
    const { family, prefix } = ban.cidr;
    const key = `${family} ${prefix} ${observed} ${ringed}`;
    const kind = { family, prefix, observed, ringed };
    const group = groups.get(key) ?? { ...kind, bans: [] };
    group.bans.push(ban);
    groups.set(key, group);
  }
  for (const { bans } of groups.values()) {
    bans.sort((a, b) => compareCidrs(a.cidr, b.cidr));
  }
  return [...groups.values()];
}
