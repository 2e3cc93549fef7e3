import type { Agent } from "../../../agent/agent.js";
import {
  BundleReader,
  BundleWriter,
  sourceOf,
  type BundleHeader,
  type PartKind,
} from "../../../agent/protocol/bundle.js";
import type { Applied } from "../../../agent/walks/carry/carry.js";
import { systemClock } from "../../../agent/runtime/clock.js";
import { decodeToken, encodeToken } from "../../../agent/protocol/enrolment.js";
import { connected, settleBy, startIn } from "../agent/enrolled-host.js";
import type { TestFolder } from "../folder.js";
import { parseIdentity } from "../../../agent/config/identity.js";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestCloud } from "./cloud.js";

export interface Part {
  readonly kind: PartKind;
  readonly bytes: Uint8Array;
}

/** A bundle as the cloud's operators get it. */
export async function bundleOf(
  { url, operator }: Pick<TestCloud, "url" | "operator">,
  order: object = {},
): Promise<Buffer> {
  const response = await fetch(`${url}/api/v1/bundles`, {
    method: "POST",
    headers: { authorization: `Bearer ${operator}` },
    body: JSON.stringify(order),
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  if (response.ok) return bytes;
  throw new Error(`no bundle: ${bytes.toString()}`);
}

/** What is in a bundle. */
export function opened(bundle: Uint8Array): {
  readonly header: BundleHeader;
  readonly parts: readonly Part[];
} {
  const reader = new BundleReader(sourceOf(bundle));
  return { header: reader.header, parts: [...reader.parts()] };
}

/** The same bundle with other parts, or another header: its end is right again. */
export function rewritten(
  bundle: Uint8Array,
  change: {
    readonly header?: Partial<BundleHeader>;
    readonly parts?: (parts: readonly Part[]) => readonly Part[];
  },
): Buffer {
  const { header, parts } = opened(bundle);
  const writer = new BundleWriter();
  const begin = writer.begin({ ...header, ...change.header });
  const changed = change.parts?.(parts) ?? parts;
  const middle = changed.map(({ kind, bytes }) => writer.part(kind, bytes));
  return Buffer.concat([begin, ...middle, writer.end()]);
}

/** Hands a bundle to an agent, as its control socket does. */
export const handIn = (
  agent: Pick<Agent, "carry">,
  bundle: Uint8Array,
  dryRun = false,
): Promise<Applied> =>
  agent.carry.apply(
    { bytes: inPieces(bundle), size: bundle.length, dryRun },
    "a test",
    () => undefined,
  );

async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1_000) {
    await systemClock.sleep(0);
    yield bytes.subarray(at, at + 1_000);
  }
}

/** A host that was let in, and that no network reaches any more. */
export async function lonelyHost(
  cloud: TestCloud,
  folder: TestFolder,
  org: string,
  settings: object = {},
): Promise<Agent> {
  await settleBy(await cloud.token(org), folder.path);
  cutOff(folder);
  return startIn(folder.path, {}, settings);
}

/** A host that was let in, and is connected. */
export async function connectedHost(
  cloud: TestCloud,
  folder: TestFolder,
  org: string,
): Promise<Agent> {
  await settleBy(await cloud.token(org), folder.path);
  const agent = await startIn(folder.path);
  await connected(agent);
  return agent;
}

/** Where its cloud was, nobody answers. */
export function cutOff({ path }: TestFolder): void {
  const file = join(path, "identity.json");
  const identity = parseIdentity(readFileSync(file, "utf8"));
  const lost = { ...identity, url: NOWHERE };
  writeFileSync(file, JSON.stringify(lost), { mode: 0o600 });
}

/** A token of a cloud that cannot be reached by what it names. */
export const tokenOfNowhere = (token: string): string =>
  encodeToken({ ...decodeToken(token), url: NOWHERE });

const NOWHERE = "http://127.0.0.1:1";
