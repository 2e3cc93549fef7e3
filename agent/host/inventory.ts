import { readFile } from "node:fs/promises";
import { arch, cpus, hostname, platform, release, totalmem } from "node:os";

/** What this machine is. */
export interface Inventory {
  readonly hostname: string;
  /** Distribution and release, as "Debian GNU/Linux 12". */
  readonly system: string;
  readonly kernel: string;
  readonly arch: string;
  readonly cpus: number;
  readonly memoryTotalBytes: number;
}

/**
 * Reads files and asks the kernel. systeminformation would start a shell for the
 * same, which the service may not. `root` stands before every path.
 */
export async function readInventory(root = ""): Promise<Inventory> {
  return {
    hostname: hostname() || "unknown",
    system: (await systemIn(root)) ?? platform(),
    kernel: release(),
    arch: arch(),
    cpus: cpus().length,
    memoryTotalBytes: totalmem(),
  };
}

/** os-release(5): the first that is there, whatever it says. */
async function systemIn(root: string): Promise<string | undefined> {
  for (const path of OS_RELEASE) {
    const text = await readFile(root + path, "utf8").catch(() => undefined);
    if (text !== undefined) return systemOf(text.slice(0, MOST_CHARACTERS));
  }
  return undefined;
}

/** A rolling distribution has no release; one that is odd has a pretty name alone. */
function systemOf(text: string): string | undefined {
  const valueOf = (key: string) => {
    const line = text
      .split("\n")
      .findLast((each) => each.startsWith(`${key}=`));
    return line === undefined ? "" : unquoted(line.slice(key.length + 1));
  };
  const name = valueOf("NAME");
  const system = name === "" ? "" : `${name} ${valueOf("VERSION_ID")}`.trim();
  return system || valueOf("PRETTY_NAME") || undefined;
}

/** As a shell would read it: within quotes, a backslash stands before some. */
function unquoted(value: string): string {
  const text = value.trim();
  const [, quote, inner] = /^(["'])(.*)\1$/.exec(text) ?? [];
  if (inner === undefined) return text;
  return quote === "'" ? inner : inner.replace(/\\(["$`\\])/g, "$1");
}

const OS_RELEASE = ["/etc/os-release", "/usr/lib/os-release"];

/** Those that are known have a few hundred. */
const MOST_CHARACTERS = 16 * 1024;
