import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import type { Ban } from "../../../agent/model/ban.js";
import { compareCidrs, formatCidr } from "../../../agent/model/cidr.js";
import { Malformed } from "../../../agent/protocol/malformed.js";
import { Refused } from "../../../agent/protocol/refusals.js";
import {
  openSnapshot,
  readBans,
  sealSnapshot,
  type Group,
  type Snapshot,
} from "../../../agent/protocol/snapshot.js";
import { signerOf } from "../../../agent/trust/sign.js";
import { verifySnapshot } from "../../../agent/trust/verify.js";
import { bans } from "../../../test/protocol/arbitraries.js";
import { badVectors } from "../../../test/protocol/vectors/bad.js";
import {
  ISSUED_AT,
  keys,
  NOT_AFTER,
  NOW,
  position,
  trusted,
} from "../../../test/support/vectors.js";
import { golden } from "../corpus.js";
import { Broken, type Target } from "../target.js";
import { layersOf } from "./containers.js";

const expectation = {
  root: trusted(),
  feeds: badVectors().feeds,
  now: NOW,
};
const sign = signerOf([keys.contentA]);

const made = fc
  .sample(fc.array(bans, { maxLength: 300 }), { numRuns: 40, seed: 2 })
  .map((list) => sealed(groupsOf(inOrder(list))));

export const target: Target = {
  name: "snapshot",
  corpus: [...golden("snapshot"), ...made],
  readers: {
    snapshot: (bytes) => {
      const snapshot = openSnapshot(bytes);
      const verified = verifySnapshot(snapshot, undefined, expectation);
      const found = [...readBans(verified, 100)].flat();
      writesBack(snapshot, found);
      return found.length === 0 ? "nothing" : "bans";
    },
  },
  layers: layersOf("snapshot"),
  words: [
    ...['"urgent"', '"reputation"', '"local"', '"org/example"', '"all"'],
    ...['"deflate"', '"identity"', '"bans"', '"offset"', '"audience"'],
    ...["4000000", "4000001", "134217728", "134217729", "67108864"],
  ],
  refusals: [Malformed, Refused],
  mostBytes: 200_000,
  // A ban read takes some 500 bytes; the test keeps all of an input's.
  mostMemory: 400_000 * 1_000,
  mostCpuMs: 250,
};

/** Groups as they come, a new one wherever the format wants one. */
function groupsOf(list: readonly Ban[]): readonly Group[] {
  const groups: (Omit<Group, "bans"> & { bans: Ban[] })[] = [];
  for (const ban of list) {
    const { family, prefix } = ban.cidr;
    const { observed } = ban;
    const ringed = ban.rings !== undefined;
    const group = groups.at(-1);
    const last = group?.bans.at(-1);
    const goesOn =
      group?.family === family &&
      group.prefix === prefix &&
      group.observed === observed &&
      group.ringed === ringed &&
      last !== undefined &&
      compareCidrs(last.cidr, ban.cidr) < 0;
    if (goesOn) group.bans.push(ban);
    else groups.push({ family, prefix, observed, ringed, bans: [ban] });
  }
  return groups;
}

function inOrder(list: readonly Ban[]): readonly Ban[] {
  const distinct = new Map(list.map((ban) => [formatCidr(ban.cidr), ban]));
  const kind = ({ cidr, observed, rings }: Ban) =>
    cidr.family * 1_000 +
    cidr.prefix * 4 +
    Number(observed) * 2 +
    Number(rings !== undefined);
  return [...distinct.values()].sort(
    (a, b) => kind(a) - kind(b) || compareCidrs(a.cidr, b.cidr),
  );
}

function sealed(groups: readonly Group[]): Buffer {
  return sealSnapshot(
    {
      position: position(7, Buffer.alloc(32, 7)),
      issuedAt: ISSUED_AT,
      notAfter: NOT_AFTER,
      groups,
    },
    sign,
  ).bytes;
}

/** What was taken in says the same once it is written again. */
function writesBack({ header }: Snapshot, found: readonly Ban[]): void {
  const { feed, epoch, offset, issuedAt, notAfter } = header;
  const hash = Buffer.from(header.hash, "hex");
  const { bytes } = sealSnapshot(
    {
      position: { feed, epoch, offset, hash },
      ...{ issuedAt, notAfter },
      groups: groupsOf(found),
    },
    sign,
  );
  const again = openSnapshot(bytes);
  const { body: _, ext: _ext, ...fields } = header;
  const { body: __, ...fieldsAgain } = again.header;
  if (!isDeepStrictEqual(fields, fieldsAgain)) {
    throw new Broken("written again", "the header is another");
  }
  if (!isDeepStrictEqual([...readBans(again)].flat(), found)) {
    throw new Broken("written again", "the bans are others");
  }
}
