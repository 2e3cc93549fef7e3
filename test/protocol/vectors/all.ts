import type {
  EnrolmentAnswer,
  EnrolmentRequest,
} from "../../../agent/protocol/enrolment.js";
import { unhex } from "../../support/vectors.js";
import { badVectors } from "./bad.js";
import { carriedVectors } from "./carried.js";
import { containerVectors } from "./containers.js";
import { ringedVectors } from "./containers-v2.js";
import { documentVectors } from "./documents.js";
import { logVectors } from "./log.js";
import { messageVectors } from "./messages.js";
import { messageVectorsV2 } from "./messages-v2.js";
import { policyVectors } from "./policy.js";
import type { Vector } from "./vector.js";

/** Every vector that is right. */
export function goodVectors(): readonly Vector[] {
  const made = [
    ...messageVectors(),
    ...messageVectorsV2(),
    ...documentVectors(),
    ...containerVectors(),
    ...ringedVectors(),
    ...policyVectors(),
  ];
  const material = materialOf(made);
  const [, lifts] = material.segments;
  if (lifts === undefined) throw new Error("there is no segment-lifts");
  return [...made, ...carriedVectors(material), ...logVectors(lifts)];
}

/** What is carried is what travels otherwise. */
function materialOf(made: readonly Vector[]) {
  const named = (name: string) => made.find((each) => each.name === name);
  const decoded = (name: string) => named(name)?.decoded;
  const segments = ["segment-bans", "segment-lifts"].map((name) => ({
    bytes: unhex(named(name)?.hex ?? ""),
    hash: named(name)?.hash ?? "",
  }));
  const { signed } = decoded("receipt") as { signed: object };
  return {
    answer: decoded("enrolment-answer") as EnrolmentAnswer,
    request: decoded("enrolment-request") as EnrolmentRequest,
    segments,
    receipt: signed,
  };
}

/** The golden files: name and content, ready to write or to compare. */
export function goldenFiles(): ReadonlyMap<string, string> {
  const files = new Map(
    goodVectors().map((vector) => [`${vector.name}.json`, printed(vector)]),
  );
  return files.set("bad.json", printed(badVectors()));
}

const printed = (value: unknown): string =>
  `${JSON.stringify(value, undefined, 2)}\n`;
