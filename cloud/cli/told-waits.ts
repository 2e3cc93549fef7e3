import { Failure, exitCodes } from "../../agent/text/failure.js";
import type { WaitsTold } from "./ask-bans.js";
import type { Io } from "./io.js";
import { counted } from "./words.js";

export const GLASS_HELP =
  "why it cannot wait for a second person: an admin's, for 24h at most, and reviewed later";

/** What an order's answer says beside what it came to. */
interface Judged {
  readonly dryRun: boolean;
  readonly dangers: WaitsTold["dangers"];
  readonly glass: string | null;
}

/**
 * The answer of an order that was carried out; what is dangerous about it is said.
 * @throws Failure with the next step, where it waits for a second person
 */
export function carriedOut<T extends Judged>(
  answer: T | WaitsTold,
  io: Io,
  json: boolean | undefined,
): T {
  if ("proposal" in answer) throw waitsFailure(answer, io, json);
  const { glass, dangers, dryRun } = answer;
  const isSaid = glass !== null || dryRun;
  for (const { says } of isSaid ? dangers : []) {
    io.err(dryRun ? `would wait for a second person: ${says}` : says);
  }
  if (glass !== null) {
    io.err(
      `the glass is broken: somebody else reviews it with "tourniquet-cloud break-glass review ${glass} justified --reason …", or not-justified`,
    );
  }
  return answer;
}

/** Says the next step; how the command ends. */
export function waitsFailure(
  answer: WaitsTold,
  io: Io,
  json: boolean | undefined,
): Failure {
  if (json) io.out(JSON.stringify(answer));
  else for (const line of waitsLines(answer)) io.out(line);
  const { proposal } = answer;
  const why = `${proposal} waits for a second person; nothing was done yet`;
  return new Failure(why, exitCodes.waits);
}

function waitsLines(answer: WaitsTold): readonly string[] {
  const { proposal, dangers, expiresAt, others } = answer;
  const who =
    others === 0
      ? `nobody else here may release it: let an approver in (operator add)${isChange(answer) ? "" : ", or order it again with --break-glass"}`
      : `${counted(others, "other person", "other people")} here may release it`;
  return [
    ...dangers.map(({ says }) => `takes two persons: ${says}`),
    `next: "tourniquet-cloud proposals release ${proposal}" by somebody else, until ${expiresAt}`,
    who,
  ];
}

const isChange = ({ dangers }: WaitsTold): boolean =>
  dangers.some(({ why }) => why === "change");
