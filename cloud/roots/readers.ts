import { rootFormat } from "../../agent/protocol/root-document.js";
import type { SignedText } from "../../agent/protocol/signed-text.js";

/** An agent that reads version 1 of the protocol and nothing later. */
export interface V1Reader {
  readonly id: string;
  readonly hostname: string;
  readonly version: string;
}

/** Agents could not read the root, and would take nothing new from then on. */
export class RootHeldBack extends Error {
  override readonly name = "RootHeldBack";

  constructor(readers: readonly V1Reader[]) {
    super(
      `the root needs agents of 0.4.0, and ${readers.length} that are enrolled cannot read it: ${namedReaders(readers)}; upgrade them, or revoke those that are gone`,
    );
  }
}

/** @throws RootHeldBack while somebody is enrolled who cannot read it */
export function mustBeReadable(
  { signed }: SignedText,
  readersOfV1Only: () => readonly V1Reader[],
): void {
  if (rootFormat(signed) === 1) return;
  const readers = readersOfV1Only();
  if (readers.length > 0) throw new RootHeldBack(readers);
}

/** The first few of them, and how many more there are. */
export function namedReaders(readers: readonly V1Reader[]): string {
  const named = readers
    .slice(0, MOST_NAMED)
    .map(({ id, hostname, version }) => `${id} (${hostname}, ${version})`);
  const more = readers.length - named.length;
  return `${named.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

const MOST_NAMED = 5;
