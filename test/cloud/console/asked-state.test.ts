import { expect, test } from "@jest/globals";
import { ApiProblem, Unreachable } from "../../../cloud/console/page/api.js";
import {
  failed,
  retryAfter,
  type AskedState,
} from "../../../cloud/console/page/asked-state.js";

const PATH = "/decisions/dec-1";
const known: AskedState<string> = { path: PATH, data: "what was known" };

test("what was known stays while the cloud is busy, failing, or not to be reached", () => {
  for (const status of [429, 500, 502, 503, 507]) {
    const error = new ApiProblem(status);
    expect(failed(known, PATH, error)).toEqual({
      ...known,
      error,
      failures: 1,
    });
  }
  const error = new Unreachable("no network");
  expect(failed(known, PATH, error).data).toBe("what was known");
});

test("nothing stays of what is not there any more or not for one's eyes, or of another thing", () => {
  for (const status of [403, 404, 410]) {
    const error = new ApiProblem(status);
    expect(failed(known, PATH, error)).toEqual({ path: PATH, error });
  }
  const after = failed(known, "/decisions/dec-2", new ApiProblem(503));
  expect(after).not.toHaveProperty("data");
  expect(after.path).toBe("/decisions/dec-2");
});

test("what may pass is asked again, each time later, up to a minute", () => {
  const waits: (number | undefined)[] = [];
  let state = known;
  for (let times = 0; times < 6; times += 1) {
    state = failed(state, PATH, new ApiProblem(503));
    waits.push(retryAfter(state));
  }
  expect(waits).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
});

test("the cloud's own word on when to come back counts where it is later", () => {
  const busy = (seconds: number) =>
    retryAfter(failed(known, PATH, new ApiProblem(429, {}, seconds)));
  expect(busy(1)).toBe(5_000);
  expect(busy(90)).toBe(90_000);
});

test("what would fail the same way is not asked again", () => {
  expect(retryAfter(known)).toBeUndefined();
  for (const status of [400, 401, 404, 422]) {
    const state = failed(known, PATH, new ApiProblem(status));
    expect(retryAfter(state)).toBeUndefined();
  }
});
