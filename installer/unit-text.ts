/** What a unit's template names, as it is on one host. */
export interface UnitPlaces {
  /** Node's program. */
  readonly node: string;
  /** Node's version, such as "24.22.3". */
  readonly version: string;
  /** The folder that holds all of the program. */
  readonly prefix: string;
  /** The folder in force within it, which holds `dist/`. */
  readonly program: string;
}

/** A unit, made of its template. */
export function unitText(template: string, places: UnitPlaces): string {
  const { node, version, prefix, program } = places;
  return template
    .replaceAll("@NODE@", node)
    .replaceAll("@FLAGS@", nodeFlags(version).join(" "))
    .replaceAll("@PREFIX@", prefix)
    .replaceAll("@PROGRAM@", program);
}

/**
 * What both units start a Node of this version with: `--jitless` lets
 * MemoryDenyWriteExecute stand, and the two sizes keep the heap small.
 */
export function nodeFlags(version: string): readonly string[] {
  const major = Number.parseInt(version, 10);
  return [
    "--jitless",
    // Without a JIT there is no WebAssembly. Before 24 Node warns of that unless
    // it is told so; from there on it refuses to be told.
    ...(major < 24 ? ["--no-expose-wasm"] : []),
    "--max-semi-space-size=1",
    "--max-old-space-size=128",
  ];
}
