import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { nodeFlags, unitText } from "../../installer/unit-text.js";
import { packageRoot } from "../support/vectors.js";

const TEMPLATES = join(packageRoot, "service/units");
const places = {
  ...{ node: "/usr/bin/node", version: "20.19.0" },
  ...{ prefix: "/opt/tourniquet", program: "/opt/tourniquet/current" },
};

describe("the text of a unit", () => {
  it.each(readdirSync(TEMPLATES))("leaves no place open: %s", (unit) => {
    const text = unitText(readFileSync(join(TEMPLATES, unit), "utf8"), places);
    expect(text).not.toMatch(/@[A-Z]+@/);
    expect(text).toMatch(
      /^ExecStart=\/usr\/bin\/node --jitless .* \/opt\/tourniquet\/current\/dist\/service\/main\.js (run|restore)$/m,
    );
  });
});

describe("the flags of Node", () => {
  it("start this Node without a word of warning, and without a JIT", () => {
    const command = [...nodeFlags(process.versions.node), "-p"];
    const asked = [...command, "typeof WebAssembly"];
    const out = execFileSync("sh", [
      "-c",
      '"$@" 2>&1',
      "sh",
      process.execPath,
      ...asked,
    ]);
    expect(out.toString()).toBe("undefined\n");
  });

  it("leave out what Node refuses from 24 on", () => {
    expect(nodeFlags("22.23.3")).toContain("--no-expose-wasm");
    expect(nodeFlags("24.22.3")).not.toContain("--no-expose-wasm");
  });
});
