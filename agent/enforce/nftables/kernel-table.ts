import { MalformedNetlink, NetlinkError } from "../../netlink/error.js";
import type { Message } from "../../netlink/message.js";
import { NFNL_SUBSYS_NFTABLES } from "../../netlink/nftables/constants.js";
import {
  getGeneration,
  listChains,
  listCounters,
  listElements,
  listRules,
  listSets,
} from "../../netlink/nftables/messages.js";
import {
  chainName,
  counterIn,
  elementsIn,
  generationIn,
  isOfTable,
  setName,
} from "../../netlink/nftables/read.js";
import type { Answer, Fill, NetlinkSocket } from "../../netlink/socket.js";
import type { KernelState } from "../enforcer.js";
import type { KernelFeatures } from "./kernel-features.js";
import { rulesOf } from "./rules/rules.js";
import { askForBan, type Placed } from "./sets/elements.js";
import { decodeForeign, decodeLabel, type RulesetLabel } from "./sets/label.js";
import { TABLE, labelSet, layoutOf, type Layout } from "./sets/layout.js";

/** Our ruleset as the kernel has it: where the bans are, and what it says of itself. */
export interface KernelRuleset {
  readonly layout: Layout;
  readonly label: RulesetLabel;
}

/** Our table in the kernel: asked and changed, never remembered. */
export class KernelTable {
  readonly #socket: NetlinkSocket;
  readonly #features: KernelFeatures;
  /** Changes that were made here. */
  commits = 0;

  constructor(socket: NetlinkSocket, features: KernelFeatures) {
    this.#socket = socket;
    this.#features = features;
  }

  /** Makes one change in whole. @throws NetlinkError */
  commit(operation: string, fill: Fill): void {
    const subsystem = NFNL_SUBSYS_NFTABLES;
    this.#socket.commit({ operation, subsystem }, fill);
    this.commits++;
  }

  /** Counts every change of any table, whoever made it. @throws NetlinkError */
  generation(): number {
    const [answer] = this.ask("ask for the generation", getGeneration);
    if (answer instanceof NetlinkError) throw answer;
    if (answer === undefined) throw new MalformedNetlink("no answer");
    return generationIn(answer);
  }

  /**
   * A number that is another one whenever somebody else has changed any table:
   * the kernel counts what changed, and what was made here is known.
   */
  changesByOthers(): number {
    return (this.generation() - this.commits) >>> 0;
  }

  /** The names of our sets; none where the table is absent. */
  sets(): readonly string[] {
    return this.#list(
      "list sets",
      (w) => listSets(w, TABLE),
      (message) => [setName(message)],
    );
  }

  /** The names of our chains; none where the table is absent. */
  chains(): readonly string[] {
    return this.all("list chains", (w) => listChains(w, TABLE)).map(chainName);
  }

  /** The names of our counters; none where the table is absent. */
  counters(): readonly string[] {
    const listed = this.all("list counters", (w) => listCounters(w, TABLE));
    return listed.map((message) => counterIn(message).name);
  }

  /** Everything of our table that a listing tells. */
  all(operation: string, fill: Fill): readonly Message[] {
    return this.#list(operation, fill, (message) =>
      isOfTable(message, TABLE.name)
        ? [{ ...message, payload: Buffer.from(message.payload) }]
        : [],
    );
  }

  /** Our ruleset, or undefined where it is absent, mutilated or not ours. */
  ruleset(): KernelRuleset | undefined {
    const ruleset = this.labelled();
    return ruleset && this.#hasAllRules(ruleset) ? ruleset : undefined;
  }

  /** Our ruleset by its label alone: whether all its rules are there is not asked. */
  labelled(): KernelRuleset | undefined {
    return this.#labelled(decodeLabel);
  }

  /** What another version of this program has built, and what it says of itself. */
  foreign(): KernelRuleset | undefined {
    return this.#labelled(decodeForeign);
  }

  /** The kernel's state without a ruleset of ours: another version's, or none. */
  stateWithout(): KernelState {
    const label = this.foreign()?.label;
    return label ? { at: "outdated", ...label } : { at: "absent" };
  }

  #labelled(
    decode: (key: Buffer) => RulesetLabel | undefined,
  ): KernelRuleset | undefined {
    const layout = layoutOf(this.sets());
    if (layout === undefined) return undefined;
    const set = labelSet(layout.generation).name;
    const [label] = this.#list(
      "read the label",
      (w) => listElements(w, TABLE, set),
      (message) => Array.from(elementsIn(message), ({ key }) => decode(key)),
    );
    return label && { layout, label };
  }

  /** Which ranges are in their sets. */
  holds(places: readonly Placed[], { generation, lengths }: Layout): boolean[] {
    const known = places.map(({ kind, cidr }) =>
      lengths[kind][cidr.family].has(cidr.prefix),
    );
    const asked = places.filter((_, i) => known[i]);
    const answers: Answer[] = [];
    for (let start = 0; start < asked.length; start += MOST_QUESTIONS) {
      const some = asked.slice(start, start + MOST_QUESTIONS);
      answers.push(
        ...this.ask("look bans up", (w) => {
          for (const place of some) askForBan(w, place, generation);
        }),
      );
    }
    const found = answers.map(isFound).values();
    return known.map((hasSet) => hasSet && found.next().value === true);
  }

  /** Asks several things at once, each with one answer. */
  ask(operation: string, fill: Fill): readonly Answer[] {
    return this.#socket.exchange(operation, fill);
  }

  /** Sets alone drop nothing: whoever deletes rules has switched bans off. */
  #hasAllRules({ layout, label: { posture } }: KernelRuleset): boolean {
    const rules = this.#list(
      "list rules",
      (w) => listRules(w, TABLE),
      () => [1],
    );
    const due = rulesOf(layout, { posture, ...this.#features });
    return rules.length === [...due.values()].flat().length;
  }

  #list<T>(
    operation: string,
    fill: Fill,
    read: (message: Message) => readonly T[],
  ): readonly T[] {
    try {
      return this.#socket.list(operation, fill, read);
    } catch (error) {
      if (isAbsent(error)) return [];
      throw error;
    }
  }
}

/** Whether what was asked for is not there. */
export function isAbsent(error: unknown): boolean {
  return error instanceof NetlinkError && error.code === "ENOENT";
}

/** What was refused and why, where the kernel's own word for it misleads. */
export const inWords = ({ code, message }: NetlinkError): string =>
  code === "ENFILE" ? `${message}: a set of the ruleset is full` : message;

/** Whether the answer is a yes. @throws NetlinkError for other than a no */
export function isFound(answer: Answer): boolean {
  if (!(answer instanceof NetlinkError)) return true;
  if (isAbsent(answer)) return false;
  throw answer;
}

/** Bounds what waits in the socket's receive buffer. */
const MOST_QUESTIONS = 256;
