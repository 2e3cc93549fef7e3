import type { RefusalCode } from "../../../agent/protocol/refusals.js";
import type { BadVector, Reader } from "./vector.js";

/** A text that is read by itself, wherever the agent stands. */
export function row(
  reads: Reader,
  name: string,
  text: string,
  refusal: RefusalCode = "malformed",
): BadVector {
  return {
    name: `${reads}: ${name}`,
    reads,
    text,
    at: null,
    root: "one content signature",
    refusal,
    why: name,
  };
}
