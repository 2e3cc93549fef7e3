import { decodeBeat, encodeBeat } from "../../../agent/protocol/beat.js";
import { Malformed } from "../../../agent/protocol/malformed.js";
import { Refused } from "../../../agent/protocol/refusals.js";
import { verifyBeat } from "../../../agent/trust/verify.js";
import { signState } from "../../../test/protocol/vectors/messages-v2.js";
import { trusted } from "../../../test/support/vectors.js";
import { golden } from "../corpus.js";
import { Broken, type Target } from "../target.js";

export const target: Target = {
  name: "beat",
  corpus: golden("beat"),
  readers: {
    beat: (bytes) => {
      const beat = decodeBeat(bytes);
      if (!encodeBeat(beat).equals(bytes)) {
        throw new Broken("written again", Buffer.from(bytes).toString("hex"));
      }
      return `${beat.signatures.length} signatures`;
    },
    verified: (bytes) => {
      verifyBeat(bytes, signState(), trusted());
      return "believed";
    },
  },
  layers: [],
  words: ["TQH2", "tourniquet beat v2"],
  refusals: [Malformed, Refused],
  mostBytes: 2_000,
  mostMemory: 1_000_000,
  mostCpuMs: 250,
};
