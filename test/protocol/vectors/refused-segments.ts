import type { RefusalCode } from "../../../agent/protocol/refusals.js";
import { NOT_AFTER, ISSUED_AT, type KeyName } from "../../support/vectors.js";
import type { goodHeader } from "./bad-segments.js";
import { row, segmentWith } from "./bad-segments.js";
import type { BadVector } from "./vector.js";

/** Segments that read well and are refused for who, what, when or where. */
export function refusedSegments(): readonly BadVector[] {
  return [...wrongSignatures(), ...wrongAddressee(), ...wrongPlace()];
}

function wrongSignatures(): readonly BadVector[] {
  const signed = (...signers: KeyName[]) => segmentWith({}, { signers }).bytes;
  const good = segmentWith().bytes;
  const bad = (name: string, bytes: Buffer, why: string) =>
    row(name, "bad-signature", bytes, why);
  const two = (name: string, refusal: RefusalCode | null, bytes: Buffer) => ({
    ...row(name, refusal, bytes, "two keys must sign"),
    root: "two content signatures" as const,
  });
  return [
    bad("an unlisted key", signed("stranger"), "a good signature, unknown key"),
    bad("a key of another role", signed("head"), "head keys sign no content"),
    bad(
      "a borrowed key id",
      segmentWith({}, { signers: ["stranger"], claims: "contentA" }).bytes,
      "the id is listed, the signature is another key's",
    ),
    bad(
      "an altered header",
      altered(good, `"notAfter":${NOT_AFTER}`, `"notAfter":${NOT_AFTER + 1}`),
      "one digit was changed after signing",
    ),
    bad(
      "a snapshot's signature",
      segmentWith({}, { kind: "snapshot" }).bytes,
      "signed behind the prefix of snapshots",
    ),
    two("one signature of two", "bad-signature", signed("contentA")),
    two(
      "one key twice for two",
      "bad-signature",
      signed("contentA", "contentA"),
    ),
    two("two signatures of two", null, signed("contentA", "contentB")),
    row(
      "a bad signature beside a good one",
      null,
      signed("stranger", "contentA"),
      "what cannot be checked does not count, and does no harm",
    ),
  ];
}

function wrongAddressee(): readonly BadVector[] {
  const bad = (name: string, refusal: RefusalCode, fields: object) =>
    row(
      name,
      refusal,
      segmentWith({ ...fields }).bytes,
      JSON.stringify(fields),
    );
  return [
    bad("another audience", "wrong-audience", { audience: "org/other" }),
    bad("an org's feed for all", "wrong-audience", { feed: "org/example" }),
    bad("another org's feed", "wrong-feed", {
      feed: "org/other",
      audience: "org/other",
    }),
    bad("the local feed", "wrong-feed", { feed: "local" }),
    bad("past its date", "expired", { notAfter: ISSUED_AT }),
  ];
}

/** The agent is at op 4 of e1, unless it has nothing yet. */
function wrongPlace(): readonly BadVector[] {
  const hash = "cd".repeat(32);
  const at = { feed: "urgent", epoch: "e1", offset: 4, hash } as const;
  const place = (
    name: string,
    refusal: RefusalCode | null,
    fields: Partial<typeof goodHeader>,
  ) => ({
    ...row(
      name,
      refusal,
      segmentWith({ previous: hash, ...fields }).bytes,
      `the agent is at op 4 of e1; the segment: ${JSON.stringify(fields)}`,
    ),
    at,
  });
  const first = (name: string, refusal: RefusalCode, fields: object) =>
    row(name, refusal, segmentWith({ ...fields }).bytes, "nothing yet");
  return [
    place("the next one", null, { first: 5, last: 5 }),
    place("another epoch", "wrong-epoch", { epoch: "e2", first: 5, last: 5 }),
    place("the same again", "replayed", { first: 4, last: 4 }),
    place("the first again", "replayed", { first: 1, last: 1 }),
    place("one left out", "gap", { first: 6, last: 6 }),
    place("half old, half new", "gap", { first: 4, last: 5 }),
    place("another history", "forked", {
      first: 5,
      last: 5,
      previous: "ce".repeat(32),
    }),
    first("a second without a first", "gap", { first: 2, last: 2 }),
    first("a first after something", "forked", { previous: hash }),
  ];
}

function altered(bytes: Buffer, from: string, to: string): Buffer {
  const text = bytes.toString("latin1");
  if (!text.includes(from)) throw new Error(`no ${from} to alter`);
  return Buffer.from(text.replace(from, to), "latin1");
}
