import type { Answers } from "../../api-types.js";
import { counted } from "../../parts/bits.js";
import { localTime } from "../../parts/time.js";

type Said = Answers["listStatements"]["items"][number]["statement"];

/** What a host signed, in a sentence. */
export function statementSays(said: Said): string {
  // The compiler does not see that a kind's words are given that kind.
  const words = WORDS[said.what] as (said: Said) => string;
  return words(said);
}

const bans = (many: number): string => counted(many, "ban");

const WORDS: {
  readonly [K in Said["what"]]: (
    said: Extract<Said, { readonly what: K }>,
  ) => string;
} = {
  "trial-passed": (said) =>
    `${bans(said.bans)} of ${said.feed} were tried, and stay`,
  "trial-failed": (said) =>
    `${bans(said.bans)} of ${said.feed} were tried and taken back: ${said.why.join(", ")}`,
  released: ({ range, until }) =>
    `its operator released ${range} until ${localTime(until)}`,
  "release-ended": ({ range }) => `${range} is released no more`,
  "rolled-back": ({ withheld, putBack }) =>
    `its operator rolled back: ${bans(withheld)} wait, ${bans(putBack)} are back`,
  "rollback-undone": ({ ranges }) =>
    `a rollback was undone: ${counted(ranges, "range")} came back`,
  confirmed: (said) =>
    `its operator has ${said.range ?? bans(said.bans)} enforced that was taken back`,
  mode: ({ mode }) => (mode === "enforce" ? "it enforces" : "it only counts"),
  paused: ({ until }) => `it is paused until ${localTime(until)}`,
  "pause-ended": () => "its pause has ended",
};
