import { gzipSync } from "node:zlib";
import { describe, expect, it } from "@jest/globals";
import { judge } from "../../../cloud/lists/judge.js";
import { ListReader, readList } from "../../../cloud/lists/list.js";

const WISH = { force: false, replace: false };

const PAGE = "<!DOCTYPE html>\n<p>Your IP:</p>\n198.18.200.1\n</html>\n";

describe("a list as a whole", () => {
  it.each([
    ["an error page", PAGE, /line 1 looks like HTML/],
    ["XML", '<?xml version="1.0"?>\n<a>\n198.18.0.1\n</a>\n', /HTML or XML/],
    ["a page behind good lines", `${lines(50)}<html>\n`, /line 51 .* HTML/],
    ["a fragment", `<div>\n${lines(50)}</div>\n`, /line 1 looks like HTML/],
    ["an array", '[\n"198.18.0.1",\n"198.18.0.2",\n"198.18.0.3"\n]\n', /JSON/],
    ["an object", `{\n"ips": [\n${lines(9)}]\n}\n`, /line 1 looks like JSON/],
    ["an answer", '{"error":"too many requests"}\n198.18.0.1\n', /JSON/],
    [
      "mostly nonsense",
      `${"bad line\n".repeat(5_000)}198.18.0.1\n`,
      /5001 lines read as a plain list: 1 taken, 5000 rejected/,
    ],
    ["hosts", `127.0.0.1 localhost\n::1 localhost\n198.18.0.1\n`, /hosts file/],
    [
      "a page as text",
      "Access denied\nYour address is:\n198.18.0.1\n",
      /rejected than taken/,
    ],
  ])("is refused when it is %s, unless forced", async (_, text, why) => {
    const report = await reportOf(text);
    const judgement = judge(report, WISH);
    expect(judgement).toMatchObject({ take: "nothing" });
    if (judgement.take !== "nothing") return;
    expect(judgement.why).toMatch(why);
    expect(judgement.why).toMatch(/--force takes what can be taken$/);
    expect(judge(report, { ...WISH, force: true })).toEqual({ take: "part" });
  });

  it.each([
    ["empty", ""],
    ["comments", "# nothing today\n"],
    ["names", "ads.example.com\nads.example.org\n"],
    ["JSON", '{"ips":["198.18.0.1"]}\n'],
  ])("is refused even when forced, when it is %s", async (_, text) => {
    const report = await reportOf(text);
    for (const force of [false, true]) {
      const judgement = judge(report, { ...WISH, force });
      expect(judgement).toMatchObject({ take: "nothing" });
      expect(JSON.stringify(judgement)).toContain("holds no range");
    }
  });

  it.each([
    ["all of it", lines(3), "all"],
    [
      "a stray line of a hosts file",
      `${lines(3)}127.0.0.1 localhost\n`,
      "part",
    ],
    ["as many bad lines as good", `${lines(2)}x y\nx z\n`, "part"],
    [
      "an object among Spamhaus JSON",
      '{"cidr":"192.0.2.0/24"}\n{"x":1}\n',
      "part",
    ],
    ["a list of one", "198.18.0.1\n", "all"],
    ["a list that has each twice", `${lines(2)}${lines(2)}x y\n`, "part"],
  ])("is taken: %s", async (_, text, take) => {
    expect(judge(await reportOf(text), WISH)).toEqual({ take });
  });
});

describe("what is no text", () => {
  const utf16 = Buffer.from(`\uFEFF${lines(3)}`, "utf16le");
  it.each([
    ["gzip", gzipSync(lines(3)), /packed by gzip; .*gunzip/],
    ["zip", Buffer.from("PK\u0003\u0004 and so on"), /a zip archive/],
    ["UTF-16", utf16, /UTF-16 text; .*iconv/],
    [
      "UTF-16, most significant byte first",
      Buffer.from(utf16).swap16(),
      /UTF-16/,
    ],
    ["UTF-16 without its mark", utf16.subarray(2), /UTF-16/],
    ["UTF-32", Buffer.from("fffe00003100000039000000", "hex"), /UTF-32/],
    ["a NUL somewhere", Buffer.from(`${lines(3)}\0`), /bytes that are 0/],
    ["a PDF", Buffer.from("%PDF-1.7\n198.18.0.1\n"), /PDF/],
  ])("is refused, and named: %s", async (_, bytes, why) => {
    for (const size of [1, 5, 1_000]) {
      await expect(reportOf(bytes, size)).rejects.toThrow(why);
    }
  });

  it.each([
    ["a mark of UTF-8", `\uFEFF${lines(3)}`, 3],
    ["CR alone", lines(3).replaceAll("\n", "\r"), 3],
    ["CR and LF in turns", "198.18.0.1\r198.18.0.2\r\n198.18.0.3\n", 3],
    ["nothing at the end", "198.18.0.1", 1],
    ["less than a file's head", "::1", 1],
  ])("is not told from text with %s", async (_, text, entries) => {
    for (const size of [1, 2, 1_000]) {
      const report = await reportOf(Buffer.from(text), size);
      expect(report).toMatchObject({ entries, lines: entries, rejected: 0 });
    }
  });
});

function lines(count: number): string {
  return Array.from({ length: count }, (_, n) => `198.18.1.${n + 1}\n`).join(
    "",
  );
}

async function reportOf(list: string | Buffer, size = 4_096) {
  const reader = new ListReader();
  await readList(pieces(Buffer.from(list), size), reader);
  return reader.report();
}

async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) {
    yield await Promise.resolve(bytes.subarray(at, at + size));
  }
}
