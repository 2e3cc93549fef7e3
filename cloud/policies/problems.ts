import { Malformed } from "../../agent/protocol/malformed.js";
import { Refused } from "../../agent/protocol/refusals.js";
import { BadPolicy } from "./read-yaml.js";

/** Why a policy would not do: by its file, or by what hosts say. */
export type PolicyProblem = BadPolicy | Refused | Malformed;

export const isPolicyProblem = (error: unknown): error is PolicyProblem =>
  error instanceof BadPolicy ||
  error instanceof Refused ||
  error instanceof Malformed;

/** In words, one or several. */
export function problemsIn(error: PolicyProblem): readonly string[] {
  if (error instanceof BadPolicy) return error.problems;
  return [error instanceof Refused ? error.detail : error.message];
}
