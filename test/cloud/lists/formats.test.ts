import { describe, expect, it } from "@jest/globals";
import { formatCidr } from "../../../agent/model/cidr.js";
import type { Hints } from "../../../cloud/lists/detect.js";
import { ListReader, readList } from "../../../cloud/lists/list.js";
import { NotAList } from "../../../cloud/lists/text.js";

describe("the format of a list", () => {
  it.each([
    ["a head that could be an entry", "Entries: 5\n@", "plain"],
    ["a head with a number behind it", "Updated 20261127\n@", "plain"],
    ["one entry of another kind", "198.18.1.1 3\n@", "plain"],
    ["a line of JSON", '{"list":"x"}\n@', "plain"],
    ["a line of an ipset dump", "create x hash:ip\n@", "plain"],
    ["words before an ipsum list", "list of 5\n198.18.9.1 5\n", "ipsum"],
  ])("is not decided by %s", async (_, text, format) => {
    const plain = "198.18.0.1\n198.18.0.2\n198.18.0.3\n";
    const { report, ranges } = await read(text.replace("@", plain));
    expect(report.format).toBe(format);
    const entries = text.endsWith("@") ? plain.trim().split("\n") : [];
    for (const range of entries) expect(ranges).toContain(range);
  });

  it("is what most entries are, wherever they begin", async () => {
    const prose = "as of today 5\n".repeat(1_000);
    const { report } = await read(`${prose}192.0.2.1\t5\n192.0.2.2\t4\n`);
    expect(report).toMatchObject({ format: "ipsum", taken: 2 });
  });

  it("is none where nothing is an entry", async () => {
    const { report } = await read("example.com\nexample.org\n");
    expect(report).toMatchObject({ format: undefined, rejected: 2 });
  });
});

describe("an entry", () => {
  it.each([
    ["first to last", "198.18.1.0-198.18.1.255", ["198.18.1.0/24"]],
    ["with blanks", "198.18.1.0 - 198.18.1.1", ["198.18.1.0/31"]],
    [
      "in pieces",
      "192.0.2.1-192.0.2.6",
      ["192.0.2.1", "192.0.2.2/31", "192.0.2.4/31", "192.0.2.6"],
    ],
    ["one address to itself", "192.0.2.1-192.0.2.1", ["192.0.2.1"]],
    [
      "the last address",
      "255.255.255.254-255.255.255.255",
      ["255.255.255.254/31"],
    ],
    ["IPv6", "2001:db8::-2001:db8::ffff", ["2001:db8::/112"]],
    ["IPv4 in IPv6", "::ffff:192.0.2.0-192.0.2.1", ["192.0.2.0/31"]],
    ["a netmask", "192.0.2.0/255.255.255.0", ["192.0.2.0/24"]],
    ["a netmask beside it", "192.0.2.0 255.255.255.252", ["192.0.2.0/30"]],
    ["a mask of one address", "192.0.2.7\t255.255.255.255", ["192.0.2.7"]],
    ["host bits under a mask", "192.0.2.9/255.255.255.0", ["192.0.2.0/24"]],
    ["a comment behind it", "192.0.2.1 // 192.0.2.2", ["192.0.2.1"]],
    ["a CR behind it", "192.0.2.1\r", ["192.0.2.1"]],
  ])("may be written as %s", async (_, line, expected) => {
    const { ranges, report } = await read(`${line}\n`);
    expect(report.rejected).toBe(0);
    expect(ranges).toEqual(expected);
  });

  it.each([
    ["127.0.0.1 localhost", /hosts file/],
    ["0.0.0.0 ads.example.com", /hosts file/],
    ["203.0.113.7\tweb.example", /hosts file/],
    ["bad line", /is text, and no range/],
    ["192.0.2.1 192.0.2.2", /more than one range/],
    ["ads.example.com", /host name, not an address/],
    ["http://192.0.2.1/x", /URL/],
    ["192.0.2.1:8080", /with a port/],
    ["[2001:db8::1]:443", /with a port/],
    ["192.0.2.256", /256, and 255 is the most/],
    ["192.168.001.001", /leading zero/],
    ["192.0.2.9-192.0.2.1", /ends before it begins/],
    ["192.0.2.1-2001:db8::1", /one IP version to the other/],
    ["0.0.0.0-255.255.255.255", /every address there is/],
    ["0.0.0.0 0.0.0.0", /every address there is/],
    ["192.0.2.0/255.0.255.0", /mask 255.0.255.0/],
    ["192.0.2.0/33", /prefix length from 0 to 32/],
    ["<p>192.0.2.1</p>", /markup/],
    ["x".repeat(5_000), /too long/],
  ])("is none in %s, and it is said why", async (line, why) => {
    const { report } = await read(`198.18.0.1\n${line}\n`);
    expect(report).toMatchObject({ taken: 1, rejected: 1 });
    expect(report.rejections).toMatchObject([{ line: 2 }]);
    expect(report.rejections[0]?.problem).toMatch(why);
  });

  it("has to say whether a number behind it is a count", async () => {
    const { report } = await read("192.0.2.1\n192.0.2.2\n192.0.2.3 4\n");
    expect(report.rejections[0]?.problem).toMatch(/address and a number/);
  });
});

describe("a DShield list", () => {
  const head = "Start\tEnd\tNetblock\tAttacks\tName\n";

  it("is read by its first three columns", async () => {
    const { ranges, report } = await read(
      `# block.txt\n${head}192.0.2.0\t192.0.2.255\t24\t9000\tEXAMPLE\tUS\tx@y\n`,
    );
    expect(report).toMatchObject({ format: "dshield", rejected: 0 });
    expect(ranges).toEqual(["192.0.2.0/24"]);
  });

  it("bans nothing where the columns do not agree", async () => {
    const good = "192.0.2.0 192.0.2.255 24\n";
    const { report } = await read(`${good}${good}198.51.100.0 198.51.100.7 24`);
    expect(report).toMatchObject({ format: "dshield", entries: 1 });
    expect(report.rejections[0]?.problem).toMatch(/no \/24/);
  });
});

describe("an ipset dump", () => {
  it("has no options within quotes", async () => {
    const { timeouts, report } = await read(
      'add b 198.18.4.1 comment "see list timeout 300 s"\nadd b 198.18.4.2 comment "a nomatch # b" timeout 60\nadd b 198.18.4.3 comment nomatch\n',
    );
    expect(report).toMatchObject({ format: "ipset", rejected: 0 });
    expect(timeouts).toEqual([undefined, 60, undefined]);
  });

  it("has exceptions, which ban nobody", async () => {
    const { report, ranges } = await read(
      'add b 198.18.0.0/16\nadd b 198.18.4.0/24 nomatch\nadd b 198.18.5.0/24 nomatch comment "x"\n',
    );
    expect(ranges).toEqual(["198.18.0.0/16"]);
    expect(report.rejected).toBe(2);
  });

  it("may set a term for all of a set", async () => {
    const { timeouts } = await read(
      "create a hash:ip family inet timeout 300\ncreate b hash:ip timeout 0\nadd a 192.0.2.1\nadd b 192.0.2.2\nadd a 192.0.2.3 timeout 9\nCOMMIT\n",
    );
    expect(timeouts).toEqual([300, undefined, 9]);
  });

  it.each([
    ["add b 192.0.2.1,tcp:80", /more than a range/],
    ["add b 192.0.2.1 timeout soon", /timeout "soon"/],
    ["del b 192.0.2.1", /is no addition/],
    ["add b", /is no addition/],
  ])("rejects %s", async (line, why) => {
    const { report } = await read(`add b 198.18.0.1\n${line}\n`);
    expect(report.rejections[0]?.problem).toMatch(why);
  });
});

describe("a table", () => {
  const table = [
    "first_seen,ip address,why",
    '2026-11-27,192.0.2.1,"a ""b"", c"',
    '2026-11-28,"192.0.2.0/30","192.0.2.200, and',
    'more"',
    "2026-11-28,192.0.2.9,",
  ].join("\r\n");

  it("is read by the only column with ranges in it", async () => {
    const { ranges, report } = await read(table);
    expect(report).toMatchObject({ format: "csv", rejected: 0 });
    expect(ranges).toEqual(["192.0.2.1", "192.0.2.0/30", "192.0.2.9"]);
  });

  it.each(["ip address", "IP Address", "2"])(
    "is read by its column %s, when the operator says so",
    async (column) => {
      const { ranges } = await read(table, { column });
      expect(ranges).toEqual(["192.0.2.1", "192.0.2.0/30", "192.0.2.9"]);
    },
  );

  it("does not guess between two columns", async () => {
    const flows = "src,dst\n192.0.2.1,198.51.100.1\n192.0.2.2,198.51.100.2\n";
    await expect(read(flows)).rejects.toThrow(/columns 1 and 2 .*--column/);
    const { ranges } = await read(flows, { column: "src" });
    expect(ranges).toEqual(["192.0.2.1", "192.0.2.2"]);
  });

  it.each([
    ["semicolons", "a;192.0.2.1\nb;192.0.2.2\n", {}],
    ["bars", "a|192.0.2.1|x\nb|192.0.2.2|y\n", {}],
    [
      "tabs, if a column is named",
      "a\t192.0.2.1\nb\t192.0.2.2\n",
      { column: "2" },
    ],
    [
      "a head in a comment",
      '# "id", "dst_ip"\n"1", "192.0.2.1"\n"2", "192.0.2.2"\n',
      { column: "dst_ip" },
    ],
    ["nothing: quoted ranges alone", '"192.0.2.1"\n"192.0.2.2"\n', {}],
  ])("may have its fields parted by %s", async (_, text, hints) => {
    const { ranges, report } = await read(text, hints);
    expect(ranges).toEqual(["192.0.2.1", "192.0.2.2"]);
    expect(report).toMatchObject({ format: "csv", rejected: 0 });
  });

  it("has no column that nobody named", async () => {
    const reading = read(table, { column: "address" });
    await expect(reading).rejects.toThrow(NotAList);
    await expect(reading).rejects.toThrow(/no column is named "address"/);
  });

  it("loses one line to a quote that nothing closes, and not all behind it", async () => {
    const lines = Array.from({ length: 40 }, (_, n) => `x,192.0.2.${n + 1}`);
    lines[3] = 'x,"192.0.2.4';
    const { report, ranges } = await read(lines.join("\n"));
    expect(ranges).toHaveLength(39);
    expect(report).toMatchObject({ lines: 40, rejected: 1 });
    expect(report.rejections).toMatchObject([{ line: 4 }]);
  });

  it("is not made of a hosts file with tabs", async () => {
    const { report } = await read(
      "127.0.0.1\tlocalhost\n0.0.0.0\tads.example\n",
    );
    expect(report).toMatchObject({ taken: 0, rejected: 2 });
  });

  it("rejects a record whose field is none", async () => {
    const { report } = await read('a,192.0.2.1\nb,192.0.2.2\nc\nd,\ne,"x"y\n');
    expect(report).toMatchObject({ taken: 2, rejected: 3 });
  });
});

async function read(text: string, hints: Partial<Hints> = {}) {
  const reader = new ListReader(hints);
  await readList(pieces(text), reader);
  const all = [...reader.ranges];
  return {
    report: reader.report(),
    ranges: all.map(({ cidr }) => formatCidr(cidr)),
    timeouts: all.map(({ timeout }) => timeout),
  };
}

/** Seven bytes at a time. */
async function* pieces(text: string): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += 7) {
    yield await Promise.resolve(bytes.subarray(at, at + 7));
  }
}
