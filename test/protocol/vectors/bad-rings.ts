import type { RefusalCode } from "../../../agent/protocol/refusals.js";
import { unhex } from "../../support/vectors.js";
import { identity, text } from "./assemble.js";
import { goodBody, row, segmentWith } from "./bad-segments.js";
import type { BadVector } from "./vector.js";

/** What version 2 adds to segments, where or as it must not be. */
export function badRings(): readonly BadVector[] {
  return [
    ofBody("ring times in version 1", "malformed", {
      version: 1,
      op: `10 20 c0000207 911c ${TIMES} 00`,
      why: "0x10 is no tag there",
    }),
    ofBody("ring times", null, {
      op: `10 20 c0000207 911c ${TIMES} 00`,
      why: "right",
    }),
    ofBody("a lift with ring times", "malformed", {
      op: "90 20 c0000207",
      why: "a lift has none",
    }),
    ofBody("three ring times", "malformed", {
      op: "10 20 c0000207 911c 3c 3c 3c 00",
      why: "the reason is taken for the fourth, and missing then",
    }),
    ofBody("a ring time that no date has", "malformed", {
      op: "10 20 c0000207 911c 00 00 00 ffffffffffff0f 00",
      why: "beyond the year 9999",
    }),
    ofBody("a ring time that is padded", "malformed", {
      op: "10 20 c0000207 911c 8000 00 00 00 00",
      why: "a varint in more bytes than it needs",
    }),
    ofBody("another tag in version 2", "malformed", {
      op: "08 20 c0000207 911c 00",
      why: "0x08 means nothing yet",
    }),
    whole("signed as version 1", "bad-signature", {
      parts: { magic: "TQS2" },
      why: "the prefix keeps one version from passing for the other",
    }),
    whole("signed as version 2, carried as 1", "bad-signature", {
      parts: { version: 2 },
      why: "the same the other way round",
    }),
    whole("ext in version 1", "malformed", {
      fields: { ext: {} },
      why: "there is no such field",
    }),
    whole("ext that is a list", "malformed", {
      ...{ parts: V2, fields: { ext: [] }, why: "an object is meant" },
    }),
    whole("ext with a name that is none", "malformed", {
      ...{ parts: V2, fields: { ext: { Not_One: 1 } }, why: "[a-z][a-z0-9-]*" },
    }),
    whole("ext with a name that is unknown", null, {
      ...{ parts: V2, fields: { ext: { later: 1 } }, why: "passed over" },
    }),
    whole("an unknown field in version 2", "malformed", {
      ...{ parts: V2, fields: { later: 1 }, why: "only ext is for that" },
    }),
  ];
}

/** An hour each. */
const TIMES = "901c 901c 901c 901c";

const V2 = { magic: "TQS2", version: 2 } as const;

/** A segment of one op, given as hex. */
function ofBody(
  name: string,
  refusal: RefusalCode | null,
  made: {
    readonly version?: 1 | 2;
    readonly op: string;
    readonly why: string;
  },
): BadVector {
  const { version = 2, op, why } = made;
  const body = Buffer.concat([unhex("01"), text("scan"), unhex(op)]);
  const parts = { magic: `TQS${version}`, version, body };
  const { bytes } = segmentWith({ body: identity(body) }, parts);
  return row(name, refusal, bytes, why);
}

function whole(
  name: string,
  refusal: RefusalCode | null,
  made: {
    readonly parts?: { readonly magic?: string; readonly version?: 1 | 2 };
    readonly fields?: Readonly<Record<string, unknown>>;
    readonly why: string;
  },
): BadVector {
  const parts = { ...made.parts, body: goodBody };
  const { bytes } = segmentWith(made.fields, parts);
  return row(name, refusal, bytes, made.why);
}
