import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { fetchNode, shippedNodes } from "../../packaging/node.js";
import { filesUnder, importsOf, put } from "../../packaging/tree.js";

describe("what a package is made of", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "packaging-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("has the packages that compiled files name, and nothing of Node's own", () => {
    put(
      folder,
      "deep/one.js",
      `import { a } from "winston";
       import b from "@scope/name/part.js";
       import "ws";
       import { c } from "node:fs";
       import { d } from "../two.js";
       const late = () => import("better-sqlite3");`,
    );
    put(folder, "two.js.map", 'from "nowhere"');
    expect(filesUnder(folder)).toEqual(["deep/one.js", "two.js.map"]);
    expect(importsOf(folder)).toEqual([
      ...["@scope/name", "better-sqlite3", "winston", "ws"],
    ]);
  });

  it("refuses a Node that is not the pinned one, though it lies in its place", () => {
    const { npm, version } = shippedNodes.amd64;
    const bin = join(folder, `${npm}-${version}`, "bin");
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(bin, "node"), "another one");
    expect(() => fetchNode(shippedNodes.amd64, folder)).toThrow(
      /bin\/node is not what is pinned: [0-9a-f]{64} is not [0-9a-f]{64}/,
    );
  });
});
