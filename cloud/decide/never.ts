import { readFileSync, statSync } from "node:fs";
import {
  InvalidCidr,
  overlaps,
  parseCidr,
  type Cidr,
} from "../../agent/model/cidr.js";
import {
  GLOBAL_UNICAST,
  LINK_LOCAL,
  LOOPBACK,
  MULTICAST,
  PRIVATE,
  RESERVED_IPV4,
  TUNNELS,
} from "../../agent/model/special-purpose.js";

/**
 * Why no rule may ban a range; undefined when one may. What is "special" is not
 * even proposed.
 */
export type Exempt = "special" | "never-list" | undefined;

/** A never-list that cannot be understood protects nobody. */
export class BadNeverList extends Error {
  override readonly name = "BadNeverList";
}

/**
 * The ranges that no rule may ban: those that are no single host on the
 * internet, and what the operator lists in a file, which is read again when it
 * changes.
 */
export class NeverList {
  readonly #path: string;
  #listed: readonly Cidr[] = [];
  #version = "";

  constructor(path: string) {
    this.#path = path;
  }

  /** @throws BadNeverList, and then nothing may be banned */
  exempts(range: Cidr): Exempt {
    if (isSpecial(range)) return "special";
    return this.lists(range) ? "never-list" : undefined;
  }

  /**
   * Whether the operator's file has some of it.
   * @throws BadNeverList
   */
  lists(range: Cidr): boolean {
    this.check();
    return this.#listed.some((each) => overlaps(each, range));
  }

  /**
   * Reads the file, if it is another than before.
   * @throws BadNeverList with the first line that is no range
   */
  check(): void {
    const version = versionOf(this.#path);
    if (version === this.#version) return;
    this.#listed = version === "" ? [] : rangesIn(this.#path);
    this.#version = version;
  }
}

/**
 * What a new cloud's never-list says.
 */
export const NEVER_LIST_HEAD = `# Ranges that no rule may ban, one a line: what rules want of them goes to a person
# ("tourniquet-cloud proposals"). Read again when it changes. Private and special
# ranges need not be listed: no rule bans or proposes them.
`;

/**
 * Ranges that are no single host on the internet. The documentation ranges are
 * left out: nobody is behind them, so to ban them harms nobody.
 */
const SPECIAL: readonly Cidr[] = [
  ...[...LOOPBACK, ...LINK_LOCAL, ...MULTICAST, ...PRIVATE],
  ...[...RESERVED_IPV4, ...TUNNELS],
];

function isSpecial(range: Cidr): boolean {
  if (range.family === 6 && !overlaps(GLOBAL_UNICAST, range)) return true;
  return SPECIAL.some((each) => overlaps(each, range));
}

/** Empty when there is no such file. */
function versionOf(path: string): string {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat ? `${stat.ino}/${stat.size}/${stat.mtimeNs}` : "";
}

function rangesIn(path: string): readonly Cidr[] {
  const lines = readFileSync(path, "utf8").split("\n");
  return lines.flatMap((line, index) => {
    const text = line.replace(/#.*/, "").trim();
    if (text === "") return [];
    try {
      return [parseCidr(text)];
    } catch (error) {
      if (!(error instanceof InvalidCidr)) throw error;
      const place = `${path}, line ${index + 1}`;
      throw new BadNeverList(`${place}: ${error.message}`, { cause: error });
    }
  });
}
