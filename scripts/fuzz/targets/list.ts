import { isDeepStrictEqual } from "node:util";
import { formatCidr, parseListedCidr } from "../../../agent/model/cidr.js";
import { listFormats, type ListFormat } from "../../../cloud/lists/line.js";
import { ListReader, readList } from "../../../cloud/lists/list.js";
import { NotAList } from "../../../cloud/lists/text.js";
import { real, texts } from "../corpus.js";
import { Broken, type Read, type Target } from "../target.js";

export const target: Target = {
  name: "list",
  corpus: [
    ...texts(
      "# comment\n192.0.2.7\n198.51.100.0/24 ; why\n2001:db8::/32\n",
      "192.0.2.1\t3\n192.0.2.2 12\n",
      '{"cidr":"192.0.2.0/24","sblid":"SBL1","rir":"arin"}\n{"type":"metadata"}\n',
      "create a hash:net family inet timeout 0\nadd a 192.0.2.0/24 timeout 60\nadd a 192.0.2.9 nomatch\n",
      "add -exist a 2001:db8::/32\r\nadd a ::ffff:192.0.2.1\r\n",
      "192.0.2.1-192.0.2.9\n192.0.2.0/255.255.255.0\n192.0.2.0 255.255.255.240\n",
      "Start\tEnd\tNetblock\tAttacks\n192.0.2.0\t192.0.2.255\t24\t9\n",
      'seen,ip,why\n2026-01-01,192.0.2.1,"a ""b"", c"\n2026-01-02,"192.0.2.2","x\ny"\n',
      'create a hash:ip timeout 60 comment\nadd a 192.0.2.9 comment "timeout 300 nomatch # x"\n',
      "10.0.0.1/8\n0.0.0.0/0\n::/0\n::ffff:0:0/96\n1.2.3.4/33\n",
    ),
    ...["firehol/firehol_level1.netset", "firehol/feodo.ipset"].flatMap(read),
    ...["spamhaus/drop_v4.json", "spamhaus/spamhaus_drop_list.txt"].flatMap(
      read,
    ),
    ...["spamhaus/spamhaus_v6.ipset", "ipsum/ipsum.txt"].flatMap(read),
    ...["country-cidr/ipv6.txt", "firehol/dshield.netset"].flatMap(read),
  ],
  readers: {
    detected: readAs(undefined),
    ...Object.fromEntries(listFormats.map((each) => [each, readAs(each)])),
  },
  layers: [],
  words: [
    ...["create", "add", "flush", "nomatch", "timeout", "-exist", "#", ";"],
    ...[
      "0.0.0.0/0",
      "::/0",
      "0/0",
      "192.0.2.1/32",
      "2001:db8::1/128",
      "/",
      ":",
    ],
    ...["::ffff:192.0.2.1/96", "::ffff:0.0.0.0/95", "1.2.3.4/08", "0x7f.1"],
    ...['{"cidr":', '"cidr"', '"type":"metadata"', "1e3", "0x10", " \t "],
    ...[
      "-",
      "255.255.255.0",
      '"',
      '""',
      ",",
      "|",
      "\r",
      "// ",
      "<p>",
      "comment",
    ],
    ...["253402300799", "9007199254740993", "\ufeff"],
  ],
  refusals: [NotAList],
  mostBytes: 200_000,
  mostMemory: 64 * 1024 * 1024,
  // Up to 100,000 lines, read twice.
  mostCpuMs: 2_000,
};

function read(path: string): readonly Buffer[] {
  return real(path);
}

/** It does not matter in which pieces a list comes. */
function readAs(format: ListFormat | undefined): Read {
  return async (bytes) => {
    const whole = await readIn(bytes, bytes.length, format);
    const pieces = await readIn(bytes, 1 + (bytes.length % 997), format);
    if (!isDeepStrictEqual(whole, pieces)) {
      throw new Broken("pieces", JSON.stringify([whole, pieces]).slice(0, 800));
    }
    if (typeof whole === "string") throw new NotAList(whole);
    const { rejected, entries } = whole;
    const all = rejected === 0 ? "" : " and rejections";
    return `${whole.format ?? "nothing"}: ${entries > 0 ? "ranges" : "none"}${all}`;
  };
}

/** The report, or why there is none. */
async function readIn(
  bytes: Buffer,
  size: number,
  format: ListFormat | undefined,
) {
  const reader = new ListReader({ format });
  try {
    await readList(piecesOf(bytes, size), reader);
  } catch (error) {
    if (error instanceof NotAList) return error.message;
    throw error;
  }
  mustBeRanges(reader);
  return reader.report();
}

function mustBeRanges(reader: ListReader): void {
  const { entries, rejections } = reader.report();
  const names = new Set<string>();
  for (const { cidr } of reader.ranges) {
    const name = formatCidr(cidr);
    names.add(name);
    if (cidr.prefix === 0 || formatCidr(parseListedCidr(name)) !== name) {
      throw new Broken("ranges", name);
    }
  }
  if (names.size !== entries) {
    throw new Broken("ranges", `${names.size} are not ${entries}`);
  }
  if (rejections.length > 20) throw new Broken("ranges", "many rejections");
}

// eslint-disable-next-line @typescript-eslint/require-await -- as bodies come
async function* piecesOf(
  bytes: Buffer,
  size: number,
): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += Math.max(1, size)) {
    yield bytes.subarray(at, at + size);
  }
}
