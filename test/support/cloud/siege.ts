import { expect } from "@jest/globals";
import type { RefusalCode } from "../../../agent/protocol/refusals.js";
import { ban } from "../agent/agent-fixtures.js";
import { receiptOn, World } from "../agent/world.js";
import {
  NEXT_SIGNERS,
  nextRootDocument,
  signRoot,
  type KeyName,
} from "../vectors.js";
import { FakeFeed, type FakeLink } from "./fake-cloud.js";

/** A live feed with one ban in force, and who may say anything about it now. */
export async function besieged(options: Parameters<typeof World.open>[0] = {}) {
  const world = await World.open(options);
  const urgent = new FakeFeed();
  const link = await world.cloud.welcomed([urgent.tail()], 600_000);
  const first = urgent.append([ban("203.0.113.1")]);
  link.push(first);
  await receiptOn(link);
  const findings = () => Object.fromEntries(world.host.trust.findings());
  return {
    ...{ world, urgent, link, first, findings },
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

export async function refused(
  link: FakeLink,
  code: RefusalCode,
): Promise<void> {
  expect(await link.find("refusal")).toMatchObject({ code });
}

const FAR = Date.UTC(2200, 0, 1);
export const document2 = { ...nextRootDocument(), expiresAt: FAR };
/** The root that comes after the test cloud's first. */
export const root2 = signRoot(document2, NEXT_SIGNERS);
const later: readonly KeyName[] = ["rootA", "rootC"];
export const root3 = signRoot({ ...document2, version: 3 }, later);

/** Where a segment that comes next has to stand. */
export const after = ({ position }: FakeFeed) => ({
  first: position.offset + 1,
  previous: position.hash,
});
