import { sha256 } from "../../../agent/protocol/sha256.js";
import type {
  EnrolmentAnswer,
  EnrolmentRequest,
} from "../../../agent/protocol/enrolment.js";
import { limits } from "../../../agent/protocol/limits.js";
import { signAsDevice } from "../../../agent/trust/sign.js";
import {
  keys,
  rootDocument,
  signRoot,
  unhex,
  NOW,
} from "../../support/vectors.js";
import { signHead, urgentHead } from "./documents.js";
import { keysOf, type BadVector, type Vector } from "./vector.js";

/** What goes into a bundle besides the containers that have vectors of their own. */
interface Material {
  readonly answer: EnrolmentAnswer;
  readonly request: EnrolmentRequest;
  /** `segment-bans` and `segment-lifts`, as they travel, and the hash of the latter. */
  readonly segments: readonly {
    readonly bytes: Buffer;
    readonly hash: string;
  }[];
  readonly receipt: object;
}

/** What is carried by hand, written by hand beside what it means. */
export function carriedVectors(material: Material): readonly Vector[] {
  const { answer, request } = material;
  const asked = { type: "carried-request", request };
  const answered = { type: "carried-answer", key: keys.device.id, answer };
  return [
    bundle(material),
    receipts(material),
    {
      name: "carried-request",
      reads: "carried request",
      direction: "agent to cloud",
      description: "The request of enrolment-request.json, in a file.",
      text: JSON.stringify(asked),
      decoded: asked,
    },
    {
      name: "carried-answer",
      reads: "carried answer",
      direction: "cloud to agent",
      description:
        "The answer of enrolment-answer.json, to the key that asked.",
      text: JSON.stringify(answered),
      decoded: answered,
    },
  ];
}

const header = {
  cloud: "cloud.example",
  org: "example",
  madeAt: NOW,
};

function bundle({ segments }: Material): Vector {
  const parts = partsOf(segments);
  const bytes = assembleBundle(header, parts);
  let at = 6 + JSON.stringify(header).length;
  const decoded = parts.map((part, i) => {
    at += 5;
    const length = part.bytes.length;
    const place = { number: i + 1, kind: part.kind, at, bytes: length };
    at += length;
    return { ...place, sha256: sha256(part.bytes).toString("hex") };
  });
  return {
    name: "bundle",
    reads: "bundle",
    direction: "cloud to agent",
    description:
      "A bundle: root.json, segment-bans.json, segment-lifts.json, and the head that they lead to.",
    keys: keysOf("rootA", "rootB", "contentA", "head"),
    hex: bytes.toString("hex"),
    decoded: { header, parts: decoded },
  };
}

interface Part {
  readonly code: number;
  readonly kind: string;
  readonly bytes: Buffer;
}

function partsOf(segments: Material["segments"]): readonly Part[] {
  const hash = segments.at(-1)?.hash ?? "";
  const root = Buffer.from(JSON.stringify(signRoot(rootDocument())));
  const head = signHead({ ...urgentHead, hash });
  return [
    { code: 1, kind: "root", bytes: root },
    ...segments.map(({ bytes }) => ({ code: 4, kind: "segment", bytes })),
    { code: 5, kind: "head", bytes: Buffer.from(JSON.stringify(head)) },
  ];
}

/** Byte by byte as PROTOCOL.md has it. */
function assembleBundle(
  fields: object,
  parts: readonly Pick<Part, "code" | "bytes">[],
  declared = parts.length,
): Buffer {
  const text = Buffer.from(JSON.stringify(fields));
  const frame = [Buffer.from("TQB1"), u16(text.length), text];
  for (const { code, bytes } of parts) {
    frame.push(Buffer.from([code]), u32(bytes.length), bytes);
  }
  const before = Buffer.concat(frame);
  const end = [Buffer.from([0]), u32(36), u32(declared), sha256(before)];
  return Buffer.concat([before, ...end]);
}

function receipts({ receipt }: Material): Vector {
  const signed = signAsDevice("receipt", receipt, keys.device, 2);
  const decoded = {
    type: "carried-receipts",
    agent: "agt_1",
    org: "example",
    cloud: "cloud.example",
    madeAt: NOW,
    receipts: [signed],
  };
  return {
    name: "carried-receipts",
    reads: "carried receipts",
    direction: "agent to cloud",
    description:
      "The receipt of receipt.json, signed as version 2 does, in a file.",
    keys: keysOf("device"),
    text: JSON.stringify(decoded),
    decoded,
  };
}

/** Frames that are none; what is in the parts does not matter to them. */
export function badBundles(): readonly BadVector[] {
  const head = { code: 5, bytes: Buffer.from("{}") };
  const segment = { code: 4, bytes: Buffer.from("TQS1") };
  const whole = assembleBundle(header, [head]);
  const tooLong = Buffer.from(whole);
  tooLong.writeUInt32BE(limits.textBytes + 1, whole.indexOf("{}") - 4);
  const longEnd = Buffer.concat([whole.subarray(0, -36), Buffer.alloc(35)]);
  longEnd.writeUInt32BE(35, longEnd.length - 39);
  const describedBy = (fields: object) => assembleBundle(fields, [head]);
  const bad: readonly (readonly [string, Buffer])[] = [
    ["nothing", Buffer.alloc(0)],
    ["another magic", Buffer.concat([unhex("54514232"), whole.subarray(4)])],
    [
      "a header of 2,049 bytes",
      Buffer.concat([unhex("54514231 0801"), Buffer.alloc(2_049, 0x20)]),
    ],
    [
      "a header without an org",
      describedBy({ cloud: "cloud.example", madeAt: 0 }),
    ],
    ["a header with a field too many", describedBy({ ...header, more: 1 })],
    ["cut off in a part", whole.subarray(0, whole.indexOf("{}") + 1)],
    ["cut off behind a part", whole.subarray(0, -41)],
    ["cut off in its end", whole.subarray(0, -1)],
    ["bytes behind its end", Buffer.concat([whole, unhex("00")])],
    ["a part longer than its kind may be", tooLong],
    [
      "a part of a kind that there is not",
      assembleBundle(header, [{ ...head, code: 6 }]),
    ],
    ["a segment behind a head", assembleBundle(header, [head, segment])],
    ["more parts declared than there are", assembleBundle(header, [head], 2)],
    [
      "nine heads",
      assembleBundle(
        header,
        Array.from({ length: 9 }, () => head),
      ),
    ],
    ["an end of another length", longEnd],
    ["a bit flipped", flipped(whole, whole.indexOf("{}"))],
  ];
  return bad.map(([name, bytes]) => ({
    name: `bundle: ${name}`,
    reads: "bundle",
    hex: bytes.toString("hex"),
    at: null,
    root: "one content signature",
    refusal: "malformed",
    why: name,
  }));
}

function flipped(bytes: Buffer, at: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[at]! ^= 1;
  return changed;
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
