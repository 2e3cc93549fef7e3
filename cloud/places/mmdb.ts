import { Reader, type Response } from "mmdb-lib";
import { formatAddress, type Cidr } from "../../agent/model/cidr.js";

/** A file that is no database of countries. */
export class BadCountryFile extends Error {
  override readonly name = "BadCountryFile";
}

/** A database that was read whole. */
export interface CountryDatabase {
  /** When it was made: milliseconds since 1970. */
  readonly built: number;
  /** Two letters; null where the database says nothing of it. */
  readonly of: (range: Cidr) => string | null;
}

/**
 * Reads a database of MaxMind's format, of countries or of what lies in them.
 * @throws BadCountryFile
 */
export function readCountries(bytes: Buffer): CountryDatabase {
  // The library would look for its mark through all of a file that has none.
  const mark = bytes.lastIndexOf(MARK);
  if (mark < Math.max(0, bytes.length - MOST_METADATA)) {
    throw new BadCountryFile("it is no MaxMind DB (.mmdb), or was cut off");
  }
  const reader = opened(bytes);
  const { buildEpoch, ipVersion, searchTreeSize, nodeCount } = reader.metadata;
  const built = buildEpoch.getTime();
  const isWhole = Number.isSafeInteger(nodeCount) && searchTreeSize < mark;
  if (!isWhole || !Number.isFinite(built)) {
    throw new BadCountryFile(
      "what it says of itself does not fit: a part is missing",
    );
  }
  const of = (range: Cidr): string | null =>
    // In a tree of IPv4 alone, the bits of an IPv6 address lead anywhere.
    range.family === 6 && ipVersion === 4
      ? null
      : codeIn(reader.get(formatAddress(range.address)));
  for (const address of TRIED) {
    try {
      of(address);
    } catch (error) {
      throw new BadCountryFile("what it says cannot be read", { cause: error });
    }
  }
  return { built, of };
}

function opened(bytes: Buffer): Reader<Response> {
  try {
    return new Reader<Response>(bytes, { cache: new FewRecords() });
  } catch (error) {
    throw new BadCountryFile("what it says of itself cannot be read", {
      cause: error,
    });
  }
}

/** As the format has it. */
const MARK = Buffer.from("\xab\xcd\xefMaxMind.com", "latin1");

/** Of its end: what a file says of itself has room for that. */
const MOST_METADATA = 128 * 1024;

/** Somewhere in each half of a tree. */
const TRIED: readonly Cidr[] = [
  { family: 4, prefix: 32, address: Uint8Array.of(1, 1, 1, 1) },
  { family: 4, prefix: 32, address: Uint8Array.of(203, 0, 113, 1) },
  {
    ...{ family: 6, prefix: 128 },
    address: Uint8Array.of(0x20, 1, 0xd, 0xb8, ...Array<number>(12).fill(0)),
  },
];

/** What is decoded, so that each country is once; the oldest give way. */
class FewRecords {
  readonly #known = new Map<string | number, unknown>();

  get(key: string | number): unknown {
    return this.#known.get(key);
  }

  set(key: string | number, value: unknown): void {
    this.#known.set(key, value);
    if (this.#known.size <= MOST_RECORDS) return;
    const [oldest] = this.#known.keys();
    if (oldest !== undefined) this.#known.delete(oldest);
  }
}

const MOST_RECORDS = 4_096;

/** The country that it is in; else the one that it is registered in. */
function codeIn(record: unknown): string | null {
  const found = [
    ...[fieldOf(record, "country"), fieldOf(record, "country_code")],
    fieldOf(record, "registered_country"),
  ];
  for (const each of found) {
    const code = typeof each === "object" ? fieldOf(each, "iso_code") : each;
    if (typeof code === "string" && /^[A-Z]{2}$/.test(code)) return code;
  }
  return null;
}

const fieldOf = (record: unknown, name: string): unknown =>
  typeof record === "object" && record !== null
    ? (record as Record<string, unknown>)[name]
    : undefined;
