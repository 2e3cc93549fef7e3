import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { systemClock } from "../../agent/runtime/clock.js";
import { LogFile } from "../../agent/sensors/log-file.js";
import { until } from "../../scripts/lab/run.js";

describe("following a log file", () => {
  let folder: string;
  let path: string;
  let lines: string[];
  let told: string[];
  let file: LogFile | undefined;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "log-file-"));
    path = join(folder, "auth.log");
    lines = [];
    told = [];
  });

  afterEach(async () => {
    await file?.[Symbol.asyncDispose]();
    file = undefined;
    rmSync(folder, { recursive: true, force: true });
  });

  /** Follows `path`; polls so rarely that inotify must do, unless told. */
  async function follow(pollMs = 60_000, at = path): Promise<void> {
    file = new LogFile({
      path: at,
      pollMs,
      clock: systemClock,
      take: (some) => {
        lines.push(...some);
        return Promise.resolve();
      },
      found: () => void told.push("found"),
      lost: () => void told.push("lost"),
    });
    await until("it looked", () => Promise.resolve(told[0]));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }

  const seen = (count: number) =>
    until(`${count} lines of ${JSON.stringify(lines)}`, () =>
      Promise.resolve(lines.length >= count || undefined),
    );

  it("starts at the end, then gives every line once", async () => {
    writeFileSync(path, "old\n");
    await follow();
    appendFileSync(path, "a\nb\n");
    await seen(2);
    appendFileSync(path, "c\n");
    await seen(3);
    expect(lines).toEqual(["a", "b", "c"]);
  });

  it("passes over the rest of a line that had begun before", async () => {
    writeFileSync(path, "old\nhalf a li");
    await follow();
    appendFileSync(path, "ne from 198.51.100.1\nwhole\n");
    await seen(1);
    expect(lines).toEqual(["whole"]);
  });

  it("puts a line together that comes in parts", async () => {
    writeFileSync(path, "");
    await follow();
    for (const part of ["one", " li", "ne\ntwo", "\n"]) {
      appendFileSync(path, part);
      await new Promise((resolve) => setTimeout(resolve, 15));
    }
    await seen(2);
    expect(lines).toEqual(["one line", "two"]);
  });

  it("goes on in the new file after a rotation, and misses nothing of the old", async () => {
    writeFileSync(path, "old\n");
    await follow();
    appendFileSync(path, "a\n");
    renameSync(path, `${path}.1`);
    appendFileSync(`${path}.1`, "b\n");
    writeFileSync(path, "c\n");
    await seen(3);
    appendFileSync(path, "d\n");
    await seen(4);
    expect(lines).toEqual(["a", "b", "c", "d"]);
  });

  it("keeps up with many rotations under load", async () => {
    writeFileSync(path, "");
    await follow();
    const expected: string[] = [];
    for (let i = 0; i < 400; i++) {
      appendFileSync(path, `${i}\n`);
      expected.push(String(i));
      if (i % 40 === 39) {
        renameSync(path, `${path}.1`);
        writeFileSync(path, "");
        await seen(i + 1);
      }
    }
    await seen(400);
    expect(lines).toEqual(expected);
  });

  it.each([
    ["cut to nothing", () => truncateSync(path, 0), "b\n"],
    ["written anew, shorter", () => writeFileSync(path, ""), "b\n"],
    ["written anew, longer", () => undefined, undefined],
  ])("starts again when the file was %s", async (_, cut, rest) => {
    writeFileSync(path, "old line\n");
    await follow();
    appendFileSync(path, "a\n");
    await seen(1);
    cut();
    if (rest === undefined) writeFileSync(path, `${"x".repeat(200)}\nb\n`);
    else appendFileSync(path, rest);
    await seen(2);
    await until("b", () =>
      Promise.resolve(lines.at(-1) === "b" ? true : undefined),
    );
    expect(lines.filter((line) => line.length === 1)).toEqual(["a", "b"]);
  });

  it("passes over a line that is too long, and no other", async () => {
    writeFileSync(path, "");
    await follow();
    appendFileSync(path, `a\n${"x".repeat(300_000)} from 198.51.100.1\nb\n`);
    appendFileSync(path, `${"y".repeat(9_000)}\nc\n`);
    await seen(3);
    expect(lines).toEqual(["a", "b", "c"]);
  });

  it("gets through bytes that are no text", async () => {
    writeFileSync(path, "");
    await follow();
    const garbage = Buffer.from(Array.from({ length: 2_000 }, (_, i) => i));
    appendFileSync(path, garbage);
    appendFileSync(path, Buffer.from([0xc3, 0x28, 0x0a]));
    appendFileSync(path, "a\n");
    await until("a", () =>
      Promise.resolve(lines.at(-1) === "a" ? true : undefined),
    );
  });

  it("waits for a file that is not there, and reads it from its start", async () => {
    await follow();
    expect(told).toEqual(["lost"]);
    writeFileSync(path, "a\n");
    await seen(1);
    expect([told, lines]).toEqual([["lost", "found"], ["a"]]);
  });

  it("notices by looking now and then where nothing tells it", async () => {
    const later = join(folder, "not/yet/auth.log");
    await follow(20, later);
    mkdirSync(join(folder, "not/yet"), { recursive: true });
    writeFileSync(later, "a\n");
    await seen(1);
    appendFileSync(later, "b\n");
    await seen(2);
    expect(told).toEqual(["lost", "found"]);
  });

  it("outlives the file", async () => {
    writeFileSync(path, "");
    await follow(20);
    rmSync(path);
    await new Promise((resolve) => setTimeout(resolve, 50));
    writeFileSync(path, "a\n");
    await seen(1);
    expect(lines).toEqual(["a"]);
  });

  it("refuses what is no file, and says so", async () => {
    mkdirSync(path);
    await follow();
    expect(told).toEqual(["lost"]);
  });
});
