import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { packageRoot } from "../support/vectors.js";
import { blockOf, textOf } from "./markdown.js";

const house = blockOf(textOf("ARCHITECTURE.md"), "```\nagent/");

/** The lines on each program, by its folder. */
const parts = new Map(
  `agent/${house}`
    .split(/\n(?=\S)/)
    .map((part) => [part.slice(0, part.indexOf("/")), part]),
);

/** Folders and files that lines of this indent begin with, or have after two spaces. */
function named(program: string, indent: number): readonly string[] {
  const lines = (parts.get(program) ?? "").split("\n").slice(1);
  return lines
    .filter((line) => line.search(/\S/) === indent)
    .flatMap((line) => [...line.matchAll(/ {2}([\w.-]+(?:\/|\.ts))(?= |$)/g)])
    .map(([, name = ""]) => name)
    .sort();
}

/** Folders, with a slash, and sources that there are. */
const present = (folder: string): readonly string[] =>
  readdirSync(join(packageRoot, folder), { withFileTypes: true })
    .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
    .filter((name) => name.endsWith("/") || name.endsWith(".ts"))
    .sort();

describe("the house in ARCHITECTURE.md", () => {
  it.each(["agent", "service", "cloud"])(
    "has every room and file of %s/, and no other",
    (program) => {
      expect(named(program, 2)).toEqual(present(program));
    },
  );

  it("has every walk", () => {
    expect(named("agent", 4)).toEqual(present("agent/walks"));
  });
});
