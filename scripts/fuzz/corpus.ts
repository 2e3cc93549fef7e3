import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { bytesOf } from "../../test/protocol/read-vector.js";
import { goodVectors } from "../../test/protocol/vectors/all.js";
import { badVectors } from "../../test/protocol/vectors/bad.js";
import type { Reader } from "../../test/protocol/vectors/vector.js";
import { dataFolder } from "../bench/lists.js";

/** The golden vectors that are read so, good and bad; none of megabytes. */
export function golden(...reads: readonly Reader[]): readonly Buffer[] {
  return [...goodVectors(), ...badVectors().vectors]
    .filter((vector) => reads.includes(vector.reads))
    .map((vector) => bytesOf(vector))
    .filter(({ length }) => length <= LARGEST);
}

/** The beginning and the end of a real file; nothing where it is not at hand. */
export function real(path: string, bytes = 4_096): readonly Buffer[] {
  const file = join(dataFolder(), path);
  if (!existsSync(file)) return [];
  const whole = readFileSync(file);
  return [whole.subarray(0, bytes), whole.subarray(-bytes)];
}

export const texts = (...all: readonly string[]): readonly Buffer[] =>
  all.map((text) => Buffer.from(text));

const LARGEST = 200_000;
