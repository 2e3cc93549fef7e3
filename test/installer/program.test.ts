import { describe, expect, it } from "@jest/globals";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { readProgram } from "../../installer/program.js";

/** A built tree with one package that needs two others, one of them optional. */
class Tree implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "tree-"));

  constructor() {
    this.package(".", { version: "1.2.3", dependencies: { a: "1" } });
    this.package("node_modules/a", {
      dependencies: { b: "1" },
      optionalDependencies: { "@elsewhere/c": "1" },
    });
    this.package("node_modules/a/node_modules/b", {});
    this.package("node_modules/only-for-tests", {});
    for (const path of [
      ...["LICENSE", "README.md", "SECURITY.md", "TELEMETRY.md", "docs/a"],
      ...["dist/agent/a.js", "dist/service/a.js"],
      ...["dist/installer/a.js", "service/tourniquet", "service/units/a"],
      "installer/install.sh",
    ]) {
      this.write(path, path);
    }
  }

  package(path: string, manifest: object): void {
    this.write(join(path, "package.json"), JSON.stringify(manifest));
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.folder, path)), { recursive: true });
    writeFileSync(join(this.folder, path), text);
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }
}

describe("the program that is placed", () => {
  it("has the packages that it runs with, and no others", () => {
    using tree = new Tree();
    const { parts } = readProgram(tree.folder);
    const packages = parts
      .map(({ path }) => path)
      .filter((path) => path.startsWith("node_modules"));
    expect(packages).toEqual(["node_modules/a"]); // b comes inside of a
  });

  it("is named by its version and by every byte of it", () => {
    using tree = new Tree();
    const before = readProgram(tree.folder).name;
    expect(before).toMatch(/^1\.2\.3-[0-9a-f]{12}$/);
    expect(readProgram(tree.folder).name).toBe(before);
    tree.write("node_modules/a/node_modules/b/index.js", "changed");
    expect(readProgram(tree.folder).name).not.toBe(before);
  });

  it("says what is missing in a tree that is not built", () => {
    using tree = new Tree();
    rmSync(join(tree.folder, "dist/service"), { recursive: true });
    expect(() => readProgram(tree.folder)).toThrow(
      /is not built: dist\/service is missing; run scripts\/prepare/,
    );
    rmSync(join(tree.folder, "node_modules/a/node_modules"), {
      recursive: true,
    });
    expect(() => readProgram(tree.folder)).toThrow(/lacks the package b/);
  });
});
