import { afterAll, beforeAll } from "@jest/globals";
import { startTestCloud, type TestCloud } from "./cloud.js";

/**
 * One cloud for all tests of a `describe` that leave it as it was: starting one
 * takes longer than what most of them ask of it.
 */
export function sharedCloud(): () => TestCloud {
  const shared: { cloud?: TestCloud } = {};
  beforeAll(async () => {
    shared.cloud = await startTestCloud();
  });
  afterAll(() => shared.cloud?.[Symbol.asyncDispose]());
  return () => {
    if (shared.cloud === undefined) throw new Error("it has not started");
    return shared.cloud;
  };
}
