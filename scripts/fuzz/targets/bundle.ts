import { isDeepStrictEqual } from "node:util";
import {
  BundleReader,
  BundleWriter,
  sourceOf,
  type BundleHeader,
  type BundlePart,
  type PartKind,
} from "../../../agent/protocol/bundle.js";
import { sha256 } from "../../../agent/protocol/sha256.js";
import { Malformed } from "../../../agent/protocol/malformed.js";
import { golden } from "../corpus.js";
import { Broken, type Target } from "../target.js";

const header = { cloud: "cloud.example", org: "example", madeAt: 0 };

export const target: Target = {
  name: "bundle",
  corpus: [
    ...golden("bundle"),
    written(header, []),
    ...(["root", "approval", "snapshot", "segment", "head"] as const).map(
      (kind) => written(header, [{ kind, bytes: Buffer.from(kind) }]),
    ),
  ],
  readers: {
    bundle: (bytes) => {
      const found = read(bytes);
      const again = read(written(found.header, found.parts));
      if (!isDeepStrictEqual(found, again)) {
        throw new Broken("written again", "it is another bundle");
      }
      const kinds = new Set(found.parts.map(({ kind }) => kind));
      return kinds.size === 0 ? "nothing" : [...kinds].join(" ");
    },
  },
  layers: [
    {
      // All before the end, which is made right again.
      open: (outer) => outer.subarray(0, -END_BYTES),
      seal: (inner, outer) => {
        const end = Buffer.from(outer.subarray(-END_BYTES));
        sha256(inner).copy(end, END_BYTES - 32);
        return Buffer.concat([inner, end]);
      },
    },
    {
      // The same, and as many parts as there are.
      open: (outer) => outer.subarray(0, -END_BYTES),
      seal: (inner, outer) => {
        const end = Buffer.from(outer.subarray(-END_BYTES));
        end.writeUInt32BE(partsIn(inner), 5);
        sha256(inner).copy(end, END_BYTES - 32);
        return Buffer.concat([inner, end]);
      },
    },
  ],
  words: [
    ...["TQB1", "TQS1", "TQN1", '"cloud"', '"org"', '"agent"', '"madeAt"'],
    ...[
      "\u0001\0\0\0\0",
      "\u0003\u0004\0\0\u0001",
      "\0\0\0\0$",
      "\0\u0001\0\0",
    ],
  ],
  refusals: [Malformed],
  mostBytes: 100_000,
  mostMemory: 64 * 1024 * 1024,
  mostCpuMs: 250,
};

interface Found {
  readonly header: BundleHeader;
  readonly parts: readonly BundlePart[];
}

function read(bytes: Buffer): Found {
  const reader = new BundleReader(sourceOf(bytes));
  const parts = [...reader.parts()].map(({ bytes: part, ...place }) => ({
    ...place,
    at: 0, // a header may be written in fewer bytes
    bytes: Buffer.from(part),
  }));
  return { header: reader.header, parts };
}

function written(
  fields: BundleHeader,
  parts: readonly { readonly kind: PartKind; readonly bytes: Uint8Array }[],
): Buffer {
  const writer = new BundleWriter();
  const begin = writer.begin(fields);
  const middle = parts.map(({ kind, bytes }) => writer.part(kind, bytes));
  return Buffer.concat([begin, ...middle, writer.end()]);
}

/** How many parts stand in what has no end. */
function partsIn(inner: Buffer): number {
  let at = 6 + inner.readUInt16BE(4);
  let count = 0;
  while (at + 5 <= inner.length) {
    at += 5 + inner.readUInt32BE(at + 1);
    count++;
  }
  return count;
}

const END_BYTES = 5 + 4 + 32;
