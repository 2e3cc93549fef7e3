import type { Block } from "../model/block.js";
import type { Cidr } from "../model/cidr.js";
import type { Hit, Total } from "../model/hit.js";
import type { LoggedPackets } from "../model/logged-packets.js";
import type { Entry, RulesetChange } from "../model/ruleset.js";
import type { Watcher } from "./disturbance.js";

/**
 * A backend that makes the host drop packets. It holds one ruleset, labelled
 * with the ledger and the revision it came from, and changes it only in whole
 * steps: after any crash the kernel holds the state before or after a step.
 *
 * Whoever needs less of it asks for less: one of its four parts.
 */
export interface Enforcer extends Ruleset, Inspection, Counters, Lookup {
  [Symbol.asyncDispose](): Promise<void>;
}

/** What drops packets: read, changed, and taken away. */
export interface Ruleset {
  /** What the kernel holds now: read back, never remembered. */
  read(): Promise<KernelState>;

  /**
   * Applies the whole change or none of it, label included. A range already
   * there gets its new expiry.
   * @throws NotEnforced when the kernel refused; nothing has changed then
   * @throws RulesetGone when the ruleset has vanished since it was built
   */
  apply(change: RulesetChange): Promise<void>;

  /**
   * Replaces the whole ruleset by `entries` in one step at the end, while the
   * old one goes on dropping. Entries come in slices of a few thousand, so that
   * a million of them never sit in memory; the kernel takes in a slice at once.
   */
  rebuild(
    label: Label,
    entries: AsyncIterable<readonly Block[]>,
  ): Promise<void>;

  /**
   * Takes a posture in one step, here and in whatever is built from now on; until
   * somebody says otherwise it is `DEFAULT_POSTURE`. What it can't reject it
   * drops.
   * @throws NotEnforced when the kernel refused; it then stands as before
   */
  setPosture(posture: Posture): Promise<void>;

  /** Whether this host can tell local programs that they cannot go there. */
  readonly rejects: boolean;

  /**
   * Addresses that win over every ban, as source and as destination; replaces
   * those given before. Kept across `rebuild`.
   */
  protect(cidrs: readonly Cidr[]): Promise<void>;

  /** Removes everything this backend ever installed; harmless when nothing is. */
  cleanUp(): Promise<void>;
}

/** Whether the kernel still holds what it was given, and nothing else. */
export interface Inspection {
  /**
   * Puts back what stands around the bans, as fast for a million as for ten.
   * False when the bans themselves are gone, or nothing is known of them: then
   * only a rebuild helps.
   * @throws NotEnforced when the kernel refused
   */
  repairScaffold(): Promise<boolean>;

  /**
   * Names everything but bans that is not as it must be; nothing while no ruleset
   * is known.
   */
  inspect(): Promise<readonly string[]>;

  /**
   * How the kernel differs from these entries, at most some hundred of them, by
   * looking each up; undefined where it does not carry the label.
   */
  compare(
    label: Label,
    entries: readonly Entry[],
  ): Promise<Differences | undefined>;

  /** Entries that the kernel lists of its small sets, in slices. */
  listEntries(listing: Listing): AsyncIterable<readonly Entry[]>;

  /**
   * Tells from now on what others do to the ruleset, until disposed.
   * @throws CannotEnforce when the kernel tells nobody
   */
  watch(watcher: Watcher): AsyncDisposable;
}

/** What the kernel has seen of the packets that bans match. */
export interface Counters {
  /**
   * Packets and bytes dropped or observed, by remote. Who asks while they are
   * read gets what is being read.
   */
  hits(): Promise<HitList>;

  /** The same of all remotes together, whether or not they are among the hits. */
  totals(): Promise<readonly Total[]>;

  /**
   * Forgets the remotes with the fewest packets where hits are crowded.
   * @throws NotEnforced when the kernel refused
   */
  makeRoom(): Promise<void>;

  /**
   * How many packets this host was seen to send to an address of the probe; 0 for
   * any other address.
   */
  packetCount(packets: OwnPackets): Promise<number>;

  /** Where single packets that go out are told of; undefined for nowhere. */
  readonly told: LoggedPackets | undefined;
}

/** Whether bans are in force, asked by range or by address. */
export interface Lookup {
  /** Which of these ranges have an entry that drops, asked one by one. */
  hasBan(cidrs: readonly Cidr[]): Promise<readonly boolean[]>;

  /**
   * Which of these single addresses the kernel drops packets from and to, by a
   * ban of whatever length: protected and merely observed ones it does not.
   */
  wouldDrop(addresses: readonly Cidr[]): Promise<readonly boolean[]>;
}

export type KernelState =
  | { readonly at: "absent" }
  | ({
      /** `outdated`: another version has built it; it can only be built anew. */
      readonly at: "present" | "outdated";
      readonly posture: Posture;
    } & Label);

/** What becomes of packets that a ban matches. */
export interface Posture {
  /** `observe` counts them and lets them pass, whatever the bans say. */
  readonly mode: "enforce" | "observe";
  /** Whether local programs are told at once that they cannot go there. */
  readonly egress: "drop" | "reject";
}

export const DEFAULT_POSTURE: Posture = { mode: "enforce", egress: "drop" };

export const isSamePosture = (a: Posture, b: Posture): boolean =>
  a.mode === b.mode && a.egress === b.egress;

/** Which ledger's ruleset this is, and at which revision. */
export interface Label {
  /** Random 32-bit number that a ledger draws when it is made. */
  readonly ledger: number;
  readonly revision: number;
}

/** How the kernel differs from entries that it must hold. */
export interface Differences {
  readonly missing: readonly Cidr[];
  /** Those that are there, but end at another time. */
  readonly misdated: readonly Cidr[];
}

/** Which sets of the kernel's to list. */
export interface Listing {
  /** Those of at most so many elements; larger ones are passed over. */
  readonly most: number;
  /** Stands in for the size of each where the kernel does not count. */
  readonly total: number;
  /** One of them, another for each number; all of them when undefined. */
  readonly turn: number | undefined;
}

/**
 * What the kernel has counted by remote, read once: bounded in the kernel, packed
 * in memory, and told in slices.
 */
export interface HitList extends AsyncIterable<readonly Hit[]> {
  /** Whether hardly any room is left to count others. */
  readonly crowded: boolean;
}

/** What programs of this host send to a banned address. */
export type OwnPackets = Pick<Hit, "remote" | "observed">;

/** The kernel refused a change, so nothing of it is in force. */
export class NotEnforced extends Error {
  override readonly name = "NotEnforced";
}

/** The ruleset is no longer in the kernel: somebody removed it. */
export class RulesetGone extends Error {
  override readonly name = "RulesetGone";
}

/** This platform or kernel cannot enforce; the message says what is missing. */
export class CannotEnforce extends Error {
  override readonly name = "CannotEnforce";

  constructor(
    readonly missing: string,
    options?: ErrorOptions,
  ) {
    super(`this host cannot enforce bans: ${missing}`, options);
  }
}
