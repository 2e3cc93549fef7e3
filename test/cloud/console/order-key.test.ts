import { expect, test } from "@jest/globals";
import { ApiProblem, Unreachable } from "../../../cloud/console/page/api.js";
import { OrderKey } from "../../../cloud/console/page/parts/order-key.js";

const BAN = { method: "POST", address: "/bans", body: { for: "4h" } } as const;

test.each([
  new Unreachable("the line broke"),
  new ApiProblem(502),
  new ApiProblem(409, { code: "in-progress" }),
])("an order whose fate is not known goes out by the same key (%s)", (lost) => {
  const keys = new OrderKey();
  const key = keys.keyOf(BAN);
  keys.settled(lost);
  expect(keys.keyOf({ ...BAN, body: { for: "4h" } })).toBe(key);
});

test("another order has another key, and so has one after what was refused or done", () => {
  const keys = new OrderKey();
  const first = keys.keyOf(BAN);
  const longer = keys.keyOf({ ...BAN, body: { for: "5h" } });
  expect(longer).not.toBe(first);
  keys.settled(new ApiProblem(403, { code: "step-up-needed" }));
  const second = keys.keyOf({ ...BAN, body: { for: "5h" } });
  expect(second).not.toBe(longer);
  keys.settled();
  expect(keys.keyOf({ ...BAN, body: { for: "5h" } })).not.toBe(second);
});

test("a file is the same only if it is the very same", () => {
  const keys = new OrderKey();
  const list = new Blob(["192.0.2.1"]);
  const key = keys.keyOf({ ...BAN, body: list });
  expect(keys.keyOf({ ...BAN, body: list })).toBe(key);
  expect(keys.keyOf({ ...BAN, body: new Blob(["192.0.2.1"]) })).not.toBe(key);
});
