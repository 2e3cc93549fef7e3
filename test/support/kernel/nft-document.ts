/**
 * What `nft list table` prints, apart into its sets, counters and chains by what
 * each is called, such as "chain prerouting". What differs from one run to the
 * next is evened out: how long bans still last, and what counters have counted.
 */
export function listed(table: string): ReadonlyMap<string, string> {
  const body = table.split("\n").slice(1, -1);
  return itemsIn(
    evened(body.map((line) => line.replace(/^\t/, "")).join("\n")),
  );
}

/** The fenced blocks of nft's text in a document, together, without comments. */
export function documented(document: string): ReadonlyMap<string, string> {
  const blocks = [...document.matchAll(FENCED)].map(([, text = ""]) => text);
  const lines = blocks.join("\n").split("\n");
  return itemsIn(lines.filter((line) => !isComment(line)).join("\n"));
}

/**
 * The document with each item as it is listed now. Comments stay above the lines
 * that they were above. What the document lacks comes behind its last block's
 * items; what is listed no longer goes.
 */
export function renewed(
  document: string,
  items: ReadonlyMap<string, string>,
): string {
  const known = documented(document);
  const fresh = [...items].filter(([name]) => !known.has(name));
  const blocks = [...document.matchAll(FENCED)].length;
  let block = 0;
  return document.replaceAll(FENCED, (_, text: string) => {
    const kept = text
      .split(/\n\n/)
      .map((piece) => renewedItem(piece, items))
      .filter((piece) => piece !== "");
    if (++block === blocks) kept.push(...fresh.map(([, each]) => each));
    return `\`\`\`nft\n${kept.join("\n\n")}\n\`\`\``;
  });
}

const FENCED = /```nft\n(.*?)\n```/gs;

const isComment = (line: string): boolean => /^\s*#/.test(line);

/** Items begin at the margin, and end with a brace there. */
function itemsIn(text: string): ReadonlyMap<string, string> {
  return new Map(
    Array.from(
      text.matchAll(/^(\w+ \w+) \{\n.*?^\}$/gms),
      ([item, name = ""]) => [name, item],
    ),
  );
}

/** One item of a document with its comments, as it is listed now, or nothing. */
function renewedItem(
  piece: string,
  items: ReadonlyMap<string, string>,
): string {
  const [name] = documented(`\`\`\`nft\n${piece}\n\`\`\``).keys();
  const item = name === undefined ? undefined : items.get(name);
  if (item === undefined) return "";
  const comments = new Map<string, string[]>();
  let above: string[] = [];
  for (const line of piece.split("\n")) {
    if (isComment(line)) above.push(line);
    else {
      comments.set(line, above);
      above = [];
    }
  }
  const lines = item.split("\n");
  return lines
    .flatMap((line) => [...(comments.get(line) ?? []), line])
    .join("\n");
}

/** Elements on one line, tabs as spaces, and long lines broken as nft takes them. */
function evened(text: string): string {
  return text
    .replaceAll(/,\n\s+/g, ", ")
    .replaceAll(/timeout \d\w* expires \d\w*/g, "timeout 1h expires 59m59s")
    .replaceAll(/packets \d+ bytes \d+/g, "packets 0 bytes 0")
    .replaceAll("\t", "    ")
    .split("\n")
    .map(broken)
    .join("\n");
}

function broken(line: string): string {
  if (line.length <= WIDTH) return line;
  const at = line.lastIndexOf(" ", WIDTH - 2);
  return `${line.slice(0, at)} \\\n${broken(`        ${line.slice(at + 1)}`)}`;
}

/** Of a line of the document. */
const WIDTH = 118;
