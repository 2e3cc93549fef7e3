import { describe, expect, it } from "@jest/globals";
import { NO_HASH, type Position } from "../../agent/model/position.js";
import { Refused, type RefusalCode } from "../../agent/protocol/refusals.js";
import {
  openSegment,
  type SegmentDraft,
} from "../../agent/protocol/segment.js";
import { openSnapshot, sealSnapshot } from "../../agent/protocol/snapshot.js";
import { signText, signerOf } from "../../agent/trust/sign.js";
import {
  positionAfter,
  positionOf,
  verifyHead,
  verifySegment,
  verifySnapshot,
  type Expectation,
} from "../../agent/trust/verify.js";
import {
  ISSUED_AT,
  NOT_AFTER,
  NOW,
  hex,
  keys,
  makeSegment,
  position,
  rootDocument,
  someOps,
  trusted,
  unhex,
  type KeyName,
} from "../support/vectors.js";

const expectation: Expectation = {
  root: trusted(),
  feeds: ["urgent", "org/example"],
  now: NOW,
};

describe("a segment is taken in", () => {
  it("by an agent that has nothing, when it is the first of its epoch", () => {
    expect(judge({})).toBe("verified");
  });

  it("when it goes on where the agent stands", () => {
    const first = makeSegment();
    const at = positionAfter(verified(first.bytes, undefined));
    const next = { first: someOps.length + 1, previous: first.hash };
    expect(judge(next, at)).toBe("verified");
  });

  it("until the millisecond that it names", () => {
    expect(judge({ notAfter: NOW })).toBe("verified");
    expect(judge({ notAfter: NOW - 1 })).toBe("expired");
  });

  it("when it is dated after the agent's clock", () => {
    expect(judge({ issuedAt: NOW + 60_000 })).toBe("verified");
  });

  it("and leads to the position of its last op and its own hash", () => {
    const { bytes, hash } = makeSegment();
    expect(positionAfter(verified(bytes, undefined))).toEqual({
      ...position(someOps.length, hash),
      issuedAt: ISSUED_AT,
    });
  });
});

describe("a segment is refused", () => {
  const hash = unhex("cd".repeat(32));
  const at = position(4, hash);
  const next = { first: 5, previous: hash };

  it.each<[string, RefusalCode, Partial<SegmentDraft>, Position | undefined]>([
    ["of a feed it does not follow", "wrong-feed", { feed: "reputation" }, at],
    ["of another org", "wrong-feed", { feed: "org/other" }, undefined],
    ["of the local feed", "wrong-feed", { feed: "local" }, undefined],
    ["past its date", "expired", { ...next, notAfter: NOW - 1 }, at],
    ["of another epoch", "wrong-epoch", { ...next, epoch: "e2" }, at],
    ["that it has", "replayed", { ...next, first: 2 }, at],
    ["that ends where it stands", "replayed", { ...next, first: 2 }, at],
    ["that begins behind where it stands", "gap", { ...next, first: 3 }, at],
    ["that leaves one op out", "gap", { ...next, first: 6 }, at],
    ["that does not begin the epoch", "gap", { first: 2 }, undefined],
    ["after another one", "forked", { ...next, previous: NO_HASH }, at],
    ["first, after something", "forked", { previous: hash }, undefined],
  ])("when an agent gets one %s (%s)", (_, code, draft, at) => {
    expect(judge(draft, at)).toBe(code);
  });

  it.each<[string, KeyName[]]>([
    ["a key that no root lists", ["stranger"]],
    ["a key of another role", ["head"]],
    ["the root keys themselves", ["rootA", "rootB"]],
  ])("when it is signed by %s", (_, signers) => {
    expect(judge({}, undefined, { signers })).toBe("bad-signature");
  });

  it("for its signature before anything else that is wrong with it", () => {
    const draft = { feed: "local", notAfter: 0, first: 9 } as const;
    expect(judge(draft, at, { signers: ["stranger"] })).toBe("bad-signature");
  });

  it("for its addressee before its date, and for its date before its place", () => {
    expect(judge({ feed: "local", notAfter: 0, first: 9 }, at)).toBe(
      "wrong-feed",
    );
    expect(judge({ notAfter: 0, first: 9 }, at)).toBe("expired");
  });
});

describe("two content signatures", () => {
  const root = trusted(rootDocument({ content: 2 }));

  it.each<[string, KeyName[], string]>([
    ["of two keys are enough", ["contentA", "contentB"], "verified"],
    [
      "may stand among others",
      ["stranger", "contentB", "head", "contentA"],
      "verified",
    ],
    ["of one key count once", ["contentA", "contentA"], "bad-signature"],
    ["are not one", ["contentA"], "bad-signature"],
    ["are not one and a stranger's", ["contentA", "stranger"], "bad-signature"],
  ])("%s", (_, signers, verdict) => {
    expect(judge({}, undefined, { root, signers })).toBe(verdict);
  });
});

describe("a snapshot", () => {
  const at = position(120, unhex("cd".repeat(32)));

  it.each<[string, string, Partial<Position>, Position | undefined]>([
    ["is taken in by an agent that has nothing", "verified", {}, undefined],
    ["is taken in where the agent stands", "verified", {}, at],
    ["is taken in ahead of the agent", "verified", { offset: 500 }, at],
    ["is refused behind the agent", "replayed", { offset: 119 }, at],
    ["is refused where it leads nowhere", "replayed", { hash: at.hash }, at],
    ["begins another epoch", "verified", { epoch: "e2", offset: 1 }, at],
    ["of a feed not followed is refused", "wrong-feed", { feed: "local" }, at],
  ])("%s (%s)", (_, verdict, where, at) => {
    expect(judgeSnapshot(snapshotOf(where), at)).toBe(verdict);
  });

  it("of another epoch is refused when it is older than what was taken in", () => {
    const before = snapshotOf({ epoch: "e0", offset: 500 });
    expect(judgeSnapshot(before, at, NOW, ISSUED_AT)).toBe("verified");
    expect(judgeSnapshot(before, at, NOW, ISSUED_AT + 1)).toBe("replayed");
  });

  it("is refused past its date", () => {
    expect(judgeSnapshot(snapshotOf({}), at, NOT_AFTER)).toBe("verified");
    expect(judgeSnapshot(snapshotOf({}), at, NOT_AFTER + 1)).toBe("expired");
  });

  it("is refused when no content key signed it", () => {
    expect(judgeSnapshot(snapshotOf({}, "head"), at)).toBe("bad-signature");
  });

  it("stands for the position that it names", () => {
    const verified = verifySnapshot(snapshotOf({}), undefined, expectation);
    expect(positionOf(verified)).toEqual({
      ...position(120, unhex("ab".repeat(32))),
      issuedAt: ISSUED_AT,
    });
  });
});

describe("a head", () => {
  const head = {
    type: "head",
    feed: "urgent",
    epoch: "e1",
    offset: 7,
    hash: "ab".repeat(32),
    time: NOW,
  };

  it("is taken in when a head key signed it", () => {
    const text = signText("head", head, [keys.head]);
    expect(verifyHead(text, trusted())).toEqual(head);
  });

  it.each<KeyName>(["contentA", "rootA", "stranger"])(
    "is refused when %s signed it",
    (name) => {
      const text = signText("head", head, [keys[name]]);
      expect(() => verifyHead(text, trusted())).toThrow(Refused);
    },
  );

  it("is refused when it was signed as something else", () => {
    const text = signText("receipt", head, [keys.head]);
    expect(() => verifyHead(text, trusted())).toThrow(Refused);
  });
});

function judge(
  draft: Partial<SegmentDraft>,
  at?: Position,
  { root = expectation.root, signers = ["contentA"] as KeyName[] } = {},
): string {
  const segment = openSegment(makeSegment(draft, signers).bytes);
  return verdict(() => verifySegment(segment, at, { ...expectation, root }));
}

function judgeSnapshot(
  snapshot: ReturnType<typeof openSnapshot>,
  at: Position | undefined,
  now = NOW,
  takenIn = ISSUED_AT,
): string {
  const dated = at && { ...at, issuedAt: takenIn };
  const expect = { ...expectation, now };
  return verdict(() => verifySnapshot(snapshot, dated, expect));
}

function verdict(verify: () => unknown): string {
  try {
    verify();
    return "verified";
  } catch (error) {
    if (error instanceof Refused) return error.code;
    throw error;
  }
}

const verified = (bytes: Buffer, at: Position | undefined) =>
  verifySegment(openSegment(bytes), at, expectation);

function snapshotOf(where: Partial<Position>, signer: KeyName = "contentA") {
  const { bytes } = sealSnapshot(
    {
      position: position(120, unhex("ab".repeat(32)), where),
      issuedAt: ISSUED_AT,
      notAfter: NOT_AFTER,
      groups: [],
    },
    signerOf([keys[signer]]),
  );
  return openSnapshot(bytes);
}

it("names positions by the hash of the signed bytes, not of the file", () => {
  const { bytes, hash } = makeSegment();
  const { signedBytes } = openSegment(bytes);
  expect(hex(positionAfter(verified(bytes, undefined)).hash)).toBe(hex(hash));
  expect(signedBytes.length).toBeLessThan(bytes.length);
});
