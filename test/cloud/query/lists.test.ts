import { describe, expect, it } from "@jest/globals";
import { explain } from "../../../cloud/query/explain.js";
import { parseQuery } from "../../../cloud/query/parse.js";
import { LISTS } from "./arbitraries.js";

describe.each(LISTS.map((list) => [list.name, list] as const))(
  "the fields of %s",
  (_, list) => {
    it.each(list.fields.map((spec) => [spec.name, spec] as const))(
      "%s can be written, completed and explained",
      (name, spec) => {
        expect(name).toMatch(/^[a-z]{2,16}$/);
        expect(spec.says.length).toBeLessThanOrEqual(40);
        expect(spec.reads ?? ["…", "…"]).toEqual([
          ...[expect.stringContaining("…"), expect.stringContaining("…")],
        ]);
        const all = spec.choices ?? [];
        const unknown = Object.keys(spec.phrases ?? {}).filter(
          (each) => ![...all, "yes", "no"].includes(each),
        );
        expect(unknown).toEqual([]);
        expect(explain(parseQuery(`${name}:*`, list))).not.toContain("…");
      },
    );

    it("have names of their own", () => {
      const names = list.fields.map(({ name }) => name);
      expect(new Set(names).size).toBe(names.length);
    });
  },
);
