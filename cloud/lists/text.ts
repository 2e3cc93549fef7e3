/** Bytes that are no list, whatever may be in it, or more than a feed takes. */
export class NotAList extends Error {
  override readonly name = "NotAList";
}

/**
 * Cuts text into lines as its bytes come. They end with LF, CRLF, or CR alone.
 * @throws NotAList for what is no text in UTF-8, or has a line without an end
 */
export async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<readonly string[]> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of headFirst(chunks)) {
    if (chunk.includes(0)) throw new NotAList(WITH_NULS);
    const text = rest + decoder.decode(chunk, { stream: true });
    // The LF of a CR at the end may come next.
    const end = text.endsWith("\r") ? text.length - 1 : text.length;
    const lines = split(text.slice(0, end));
    rest = (lines.pop() ?? "") + text.slice(end);
    for (const line of lines) mustBeALine(line);
    mustBeALine(rest.replace(/\r$/, ""));
    yield lines;
  }
  const last = split(rest + decoder.decode());
  if (last.at(-1) === "") last.pop();
  yield last;
}

/** Most lists have no CR at all, and then this costs a third. */
const split = (text: string): string[] =>
  text.includes("\r") ? text.split(/\r\n|[\r\n]/) : text.split("\n");

/** The first bytes tell many a file that is no text. */
async function* headFirst(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let head: Uint8Array | undefined = new Uint8Array(0);
  for await (const chunk of chunks) {
    if (head === undefined) {
      yield chunk;
      continue;
    }
    head = Buffer.concat([head, chunk]);
    if (head.length < HEAD_BYTES) continue;
    mustBeText(head);
    yield head;
    head = undefined;
  }
  if (head === undefined || head.length === 0) return;
  mustBeText(head);
  yield head;
}

function mustBeText(head: Uint8Array): void {
  const hex = Buffer.from(head.subarray(0, HEAD_BYTES)).toString("hex");
  const found = MAGIC.find(([magic]) => hex.startsWith(magic));
  if (found !== undefined) {
    const [, what, remedy] = found;
    throw new NotAList(`the list is ${what}; ${remedy}`);
  }
  if (/^(..00..00|00..00..)/.test(hex)) {
    throw new NotAList(`the list is UTF-16 text; ${recode("UTF-16")}`);
  }
}

const HEAD_BYTES = 8;

const unpack = (program: string): string =>
  `unpack it first, such as by: ${program} FILE | tourniquet-cloud import - --name NAME`;

const recode = (encoding: string): string =>
  `make it UTF-8 first, such as by: iconv -f ${encoding} -t UTF-8 FILE | tourniquet-cloud import - --name NAME`;

/** How files begin that are taken for lists by mistake; the longer ones first. */
const MAGIC: readonly (readonly [string, string, string])[] = [
  ["fffe0000", "UTF-32 text", recode("UTF-32")],
  ["0000feff", "UTF-32 text", recode("UTF-32")],
  ["fffe", "UTF-16 text", recode("UTF-16")],
  ["feff", "UTF-16 text", recode("UTF-16")],
  ["1f8b", "packed by gzip", unpack("gunzip -c")],
  ["504b0304", "a zip archive", unpack("unzip -p")],
  ["504b0506", "a zip archive", "and it is empty"],
  ["425a68", "packed by bzip2", unpack("bunzip2 -c")],
  ["fd377a585a00", "packed by xz", unpack("xz -dc")],
  ["28b52ffd", "packed by zstd", unpack("zstd -dc")],
  ["04224d18", "packed by lz4", unpack("lz4 -dc")],
  ["377abcaf271c", "a 7z archive", "unpack it first"],
  ["25504446", "a PDF document", "a list is text, with a range on each line"],
];

const WITH_NULS =
  "the list holds bytes that are 0: it is no text, or not in UTF-8";

function mustBeALine(text: string): void {
  if (text.length <= LONGEST_LINE) return;
  const looks = /^\s*[<[{]/.test(text) ? ", and looks like markup or JSON" : "";
  throw new NotAList(
    `a line is longer than ${LONGEST_LINE} characters${looks}`,
  );
}

export const LONGEST_LINE = 64 * 1024;
