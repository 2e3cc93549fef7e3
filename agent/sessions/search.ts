import { cidrOf, type Cidr } from "../model/cidr.js";
import { addressKey, type AddressSet, type CidrSet } from "./cidr-set.js";

/**
 * Whether a packet from or to each address is dropped by the kernel now: banned,
 * neither protected nor merely observed.
 */
export type IsDropped = (
  addresses: readonly Cidr[],
) => Promise<readonly boolean[]>;

/** Whose sessions are looked for. */
export interface Search {
  readonly suspects: CidrSet;
  /** This host's own addresses: nobody is remote who has one of them. */
  readonly own: AddressSet;
  readonly isDropped: IsDropped;
}

/** A session, and its addresses that are suspect. */
export interface Candidate<T> {
  readonly session: T;
  readonly remotes: readonly Uint8Array[];
}

/** Whether the address is somebody else's, and in a range that is looked for. */
export function isSuspect(
  { suspects, own }: Pick<Search, "suspects" | "own">,
  address: Uint8Array,
): boolean {
  return suspects.has(address) && !isOwn(address) && !own.has(address);
}

/**
 * Those of the candidates of whose addresses one is dropped, at most `MOST`;
 * `more` says that there may be others.
 */
export async function sift<T>(
  candidates: AsyncIterable<Candidate<T>>,
  isDropped: IsDropped,
): Promise<{ readonly kept: readonly T[]; readonly more: boolean }> {
  const kept: T[] = [];
  let slice: Candidate<T>[] = [];
  for await (const candidate of candidates) {
    slice.push(candidate);
    if (slice.length < SLICE) continue;
    kept.push(...(await droppedOf(slice, isDropped)));
    slice = [];
    if (kept.length >= MOST) return { kept, more: true };
  }
  kept.push(...(await droppedOf(slice, isDropped)));
  return { kept, more: false };
}

async function droppedOf<T>(
  slice: readonly Candidate<T>[],
  isDropped: IsDropped,
): Promise<T[]> {
  const addresses = new Map<string | number, Cidr>();
  for (const remote of slice.flatMap(({ remotes }) => remotes)) {
    const key = addressKey(remote);
    if (!addresses.has(key)) {
      addresses.set(key, cidrOf(remote, remote.length * 8));
    }
  }
  if (addresses.size === 0) return [];
  const verdicts = await isDropped([...addresses.values()]);
  const dropped = new Set([...addresses.keys()].filter((_, i) => verdicts[i]));
  return slice
    .filter(({ remotes }) => remotes.some((it) => dropped.has(addressKey(it))))
    .map(({ session }) => session);
}

/** 127.0.0.0/8, ::1, and the address of nobody. */
function isOwn(address: Uint8Array): boolean {
  if (address.length === 4) return address[0] === 127 || address.every(isZero);
  return address.subarray(0, 15).every(isZero) && (address[15] ?? 0) <= 1;
}

const isZero = (byte: number): boolean => byte === 0;

/** So many candidates are asked about at a time. */
const SLICE = 1_024;

/** So many sessions are kept in mind at once, some 200 bytes each. */
const MOST = 16_384;
