import { describe, expect, it } from "@jest/globals";
import { documents, textOf } from "./markdown.js";

/** Specifications, whose tables are as wide as they have to be. */
const WIDE = ["PROTOCOL.md", "TELEMETRY.md"];

describe("the documents", () => {
  it.each([
    ["README.md", 9 * 1024],
    ["ARCHITECTURE.md", 20 * 1024],
  ])("can be read in one go: %s", (document, bytes) => {
    expect(Buffer.byteLength(textOf(document))).toBeLessThanOrEqual(bytes);
  });

  it.each(documents.filter((each) => !WIDE.includes(each)))(
    "have no line of more than 120 columns: %s",
    (document) => {
      const lines = textOf(document).split("\n");
      expect(lines.filter((line) => line.length > 120)).toEqual([]);
    },
  );
});
