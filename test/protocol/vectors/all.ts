import { badVectors } from "./bad.js";
import { containerVectors } from "./containers.js";
import { ringedVectors } from "./containers-v2.js";
import { documentVectors } from "./documents.js";
import { messageVectors } from "./messages.js";
import { messageVectorsV2 } from "./messages-v2.js";
import type { Vector } from "./vector.js";

/** Every vector that is right. */
export const goodVectors = (): readonly Vector[] => [
  ...messageVectors(),
  ...messageVectorsV2(),
  ...documentVectors(),
  ...containerVectors(),
  ...ringedVectors(),
];

/** The golden files: name and content, ready to write or to compare. */
export function goldenFiles(): ReadonlyMap<string, string> {
  const files = new Map(
    goodVectors().map((vector) => [`${vector.name}.json`, printed(vector)]),
  );
  return files.set("bad.json", printed(badVectors()));
}

const printed = (value: unknown): string =>
  `${JSON.stringify(value, undefined, 2)}\n`;
