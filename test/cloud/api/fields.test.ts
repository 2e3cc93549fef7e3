import { expect, test } from "@jest/globals";
import * as v from "valibot";
import {
  Range,
  Term,
  limitOf,
  wholeNumber,
} from "../../../cloud/api/fields.js";
import { jsonSchemaOf } from "../../../cloud/api/table/said.js";

test("a field says in the document what it takes", () => {
  const query = v.strictObject({
    limit: limitOf(50),
    before: v.optional(wholeNumber(1)),
    for: v.optional(Term, "4h"),
    range: v.optional(Range),
  });
  expect(jsonSchemaOf(query, "input")).toMatchObject({
    properties: {
      limit: { type: "integer", minimum: 1, maximum: 10_000, default: 50 },
      before: { type: "integer", minimum: 1 },
      for: { type: "string", maxLength: 16, default: "4h" },
      range: { type: "string", maxLength: 64 },
    },
  });
  expect(v.parse(query, { limit: "7", for: "permanent" })).toEqual({
    limit: 7,
    for: undefined,
  });
  expect(v.safeParse(query, { limit: "10001" }).success).toBe(false);
  expect(v.safeParse(query, { range: "1".repeat(65) }).success).toBe(false);
});
