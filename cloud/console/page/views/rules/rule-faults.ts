import { ApiProblem } from "../../api.js";

/** What is wrong with a text of rules, and where. */
export interface Fault {
  /** From 1. */
  readonly line: number;
  /** Such as "rules[0].ban.for is no duration: soon". */
  readonly says: string;
}

/** "line 4: …", as the cloud tells of each. */
const TOLD = /^line (\d+): (.*)$/s;

/** All that the cloud says is wrong with the text, by its lines. */
export function faultsIn(error: unknown): readonly Fault[] {
  if (!(error instanceof ApiProblem)) return [];
  return error.errors.flatMap(({ field, message }) => {
    const [, line, says] = TOLD.exec(message) ?? [];
    if (field !== "text" || line === undefined || says === undefined) return [];
    return [{ line: Number(line), says }];
  });
}
