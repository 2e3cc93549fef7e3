import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { catalogue } from "../../agent/health/catalogue.js";
import { Statement } from "../../agent/protocol/statement.js";
import { TelemetryItem } from "../../agent/protocol/telemetry.js";
import { DEFAULT_LIMITS } from "../../agent/spool/spool.js";
import { packageRoot } from "../support/vectors.js";

const text = readFileSync(join(packageRoot, "TELEMETRY.md"), "utf8");

/** Cells of the rows that begin with something in backquotes. */
const rowsOf = (section: string) =>
  section
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) => line.split("|").map((cell) => cell.trim()))
    .map(([, name = "", ...cells]) => [name.replaceAll("`", ""), ...cells]);

const sectionOf = (kind: string) =>
  (text.split(`\n## ${kind}\n`)[1] ?? "").split("\n## ")[0] ?? "";

/** "top.remote" for a field of an object, in a list or not. */
function fieldsOf(schema: unknown, path = ""): string[] {
  const { entries, item, wrapped, pipe } = schema as {
    entries?: Record<string, unknown>;
    item?: unknown;
    wrapped?: unknown;
    pipe?: unknown[];
  };
  if (entries !== undefined) {
    return Object.entries(entries).flatMap(([name, inner]) => {
      const here = path === "" ? name : `${path}.${name}`;
      return [here, ...fieldsOf(inner, here)];
    });
  }
  const inner = schemaIn(pipe) ?? item ?? wrapped;
  return inner === undefined || inner === schema ? [] : fieldsOf(inner, path);
}

/** The one that says most: a list is first any list, then one of something. */
const schemaIn = (pipe: unknown[] | undefined): unknown =>
  pipe?.findLast((each) => (each as { kind: string }).kind === "schema");

describe("TELEMETRY.md", () => {
  it.each(TelemetryItem.options)(
    "lists every field of $entries.kind.literal, and no other, with reason and privacy",
    (schema) => {
      const rows = rowsOf(sectionOf(schema.entries.kind.literal)).filter(
        (row) => row.length === 4,
      );
      expect(rows.map(([field]) => field)).toEqual(fieldsOf(schema));
      for (const [, why, privacy] of rows) {
        expect(why).not.toBe("");
        expect(privacy).not.toBe("");
      }
    },
  );

  it("lists every field of statements, and no other", () => {
    const rows = rowsOf(sectionOf("statement")).filter(
      (row) => row.length === 4,
    );
    const fields = new Set(
      Statement.options.flatMap(({ entries }) => Object.keys(entries)),
    );
    fields.delete("ext"); // this program says nothing in it
    const all = ["kind", "signed", "signature", ...fields];
    expect(rows.map(([field]) => field).sort()).toEqual(all.sort());
  });

  it("has a section for every kind and no other", () => {
    const sections = [...text.matchAll(/^## (.*)$/gm)].map(([, name]) => name);
    const kinds = TelemetryItem.options.map(
      ({ entries }) => entries.kind.literal,
    );
    expect(sections).toEqual(["Rules", ...kinds, "statement"]);
  });

  it("lists the catalogue of health, with severity and patience", () => {
    const rows = rowsOf(sectionOf("health")).filter((row) => row.length === 5);
    expect(rows.map((row) => row.slice(0, 3))).toEqual(
      Object.entries(catalogue).map(([code, condition]) => [
        code,
        condition.severity,
        `${condition.visibleAfterMs / 1000} s`,
      ]),
    );
  });

  it("states how much a spool holds", () => {
    const { items, bytes } = DEFAULT_LIMITS;
    expect(text.replaceAll(/\s+/g, " ")).toContain(
      `at most ${items.toLocaleString("en")} items and ${bytes / 1024 ** 2} MiB`,
    );
  });
});
