import { createReadStream, existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { FOREVER } from "../../../agent/model/ban.js";
import { formatCidr } from "../../../agent/model/cidr.js";
import {
  ListReader,
  readList,
  type ListReport,
} from "../../../cloud/lists/list.js";
import { NotAList } from "../../../cloud/lists/text.js";

describe("a list", () => {
  it.each([
    ["plain", "192.0.2.1\n198.51.100.0/24 # note\n", "plain", 2],
    ["FireHOL", "#\n# name\n#\n192.0.2.1\n", "plain", 1],
    [
      "Spamhaus text",
      "; Spamhaus DROP\n1.10.16.0/20 ; SBL256894\n",
      "plain",
      1,
    ],
    [
      "Spamhaus JSON",
      '{"cidr":"1.10.16.0/20","sblid":"SBL1"}\n{"type":"metadata","size":1}\n',
      "spamhaus-json",
      1,
    ],
    [
      "ipset",
      "create s hash:net family inet6\nadd s 2001:db8::/32\nadd s 2001:db9::1 timeout 60\n",
      "ipset",
      2,
    ],
    ["ipsum", "# IPsum\n192.0.2.1\t10\n192.0.2.2\t9\n", "ipsum", 2],
  ])("of the %s kind is known by itself", async (_, text, format, entries) => {
    const { report } = await read([text]);
    expect(report).toMatchObject({ format, entries, rejected: 0 });
  });

  it("may have its lines end and be cut anywhere", async () => {
    const text = "192.0.2.1\r\n192.0.2.2\n\n192.0.2.3";
    for (let cut = 0; cut <= text.length; cut++) {
      const { ranges } = await read([text.slice(0, cut), text.slice(cut)]);
      expect(ranges).toEqual(["192.0.2.1", "192.0.2.2", "192.0.2.3"]);
    }
  });

  it("is cleaned: masked, mapped to IPv4, each range once", async () => {
    const text =
      "10.1.2.3/8\n10.0.0.0/8\n::ffff:192.0.2.1\n192.0.2.1\n2001:DB8::1/32\n";
    const { ranges, report } = await read([text]);
    expect(ranges).toEqual(["10.0.0.0/8", "192.0.2.1", "2001:db8::/32"]);
    expect(report).toMatchObject({ masked: 2, duplicates: 2, rejected: 0 });
  });

  it("tells which lines it rejects, and why", async () => {
    const { report } = await read(["192.0.2.1\n0.0.0.0/0\n192.0.2.300\na b\n"]);
    expect(report.rejections).toEqual([
      {
        ...{ line: 2, text: "0.0.0.0/0" },
        problem: "would ban every address there is",
      },
      {
        ...{ line: 3, text: "192.0.2.300" },
        problem: "has the number 300, and 255 is the most",
      },
      { line: 4, text: "a b", problem: "is text, and no range" },
    ]);
  });

  it("counts all rejected lines and shows the first of them", async () => {
    const { report } = await read(["192.0.2.1\n", "bad\n".repeat(500)]);
    expect(report.rejected).toBe(500);
    expect(report.rejections).toHaveLength(20);
  });

  it("keeps the terms that ipset sets", async () => {
    const text =
      "add s 192.0.2.1 timeout 60\nadd s 192.0.2.2\nadd s 192.0.2.3 timeout 0\nadd s 192.0.2.4 timeout 9007199254740991\n";
    const reader = new ListReader();
    await readList(chunks([text]), reader);
    const timeouts = [...reader.ranges].map(({ timeout }) => timeout);
    expect(timeouts).toEqual([60, undefined, 0, FOREVER]);
  });

  it("is taken for what the operator says it is", async () => {
    const reader = new ListReader({ format: "ipsum" });
    await readList(chunks(["192.0.2.1\n"]), reader);
    expect(reader.report()).toMatchObject({ format: "ipsum", rejected: 1 });
  });

  it("is no list when a line has no end", async () => {
    const endless = Array<string>(3).fill("x".repeat(60_000));
    await expect(read(endless)).rejects.toThrow(NotAList);
  });

  it("is no list when a line is too long, in whichever pieces it comes", async () => {
    const long = "x".repeat(65_537);
    await expect(read([`192.0.2.1\n${long}\n`])).rejects.toThrow(NotAList);
    await expect(read(["192.0.2.1\n", long])).rejects.toThrow(NotAList);
    const longest = long.slice(1);
    await expect(read([`${longest}\r`, "\n"])).resolves.toMatchObject({
      report: { lines: 1, rejected: 1 },
    });
  });

  it("says nothing in comments and empty lines", async () => {
    const { report } = await read(["\n  \n# x\n; x\n// x\n"]);
    expect(report).toMatchObject({ format: undefined, lines: 5, rejected: 0 });
  });
});

const data = resolve(process.env["TOURNIQUET_DATA"] ?? "../shared/data");
const real = existsSync(data) ? describe : describe.skip;
if (real === describe.skip) console.log(`no real lists: ${data} is not there`);

real("real lists", () => {
  it.each([
    ["firehol/firehol_level1.netset", "plain", 4_631],
    ["firehol/firehol_level4.netset", "plain", 131_420],
    ["firehol/dshield.netset", "plain", 20],
    ["spamhaus/drop_v4.json", "spamhaus-json", 1_670],
    ["spamhaus/spamhaus_drop_list.txt", "plain", 1_670],
    ["spamhaus/spamhaus_v6.ipset", "ipset", 91],
    ["ipsum/ipsum.txt", "ipsum", 120_430],
  ])("%s is read to the last line", async (name, format, entries) => {
    const reader = new ListReader();
    await readList(createReadStream(join(data, name)), reader);
    const { rejected, duplicates, ...report } = reader.report();
    expect(rejected).toBe(0);
    expect(report.format).toBe(format);
    expect(report.entries + duplicates).toBe(entries);
  });
});

async function read(
  texts: readonly string[],
): Promise<{ ranges: string[]; report: ListReport }> {
  const reader = new ListReader();
  await readList(chunks(texts), reader);
  const ranges = [...reader.ranges].map(({ cidr }) => formatCidr(cidr));
  return { ranges, report: reader.report() };
}

async function* chunks(texts: readonly string[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield await Promise.resolve(Buffer.from(text));
}
