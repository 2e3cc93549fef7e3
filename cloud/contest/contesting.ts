import { formatCidr, type Cidr } from "../../agent/model/cidr.js";
import { unixSeconds, type Clock } from "../../agent/runtime/clock.js";
import { broughtBack } from "../decide/undo-lineage.js";
import type { UndoLog } from "../decide/undo-log.js";
import type { Look } from "../feeds/snapshots/present.js";
import { hashOf, newId, newSecret } from "../ids.js";
import type {
  ContestInvited,
  ContestOpened,
} from "../journal/contest-events.js";
import type { Decisions } from "../journal/decisions.js";
import { lookThenAppend } from "../journal/look-then-append.js";
import type { Caller } from "../operators/caller.js";
import { bansOn, networkOfHost, type BansOn } from "./bans-on.js";
import type { Contest, Contests } from "./contests.js";
import type { ContestSettings } from "./settings.js";

/** What is wrong with a contest, or with an answer to one. */
export type ContestRefusal =
  | "not-banned"
  | "contested"
  | "full"
  | "unknown"
  | "answered"
  | "wider-bans"
  | "ends-sooner"
  | "unchecked";

export class ContestRefused extends Error {
  override readonly name = "ContestRefused";

  constructor(
    readonly code: ContestRefusal,
    message: string,
  ) {
    super(message);
  }
}

/** What somebody has to say about the bans on an address. */
export interface Complaint {
  /** Of one host. */
  readonly host: Cidr;
  readonly why: string;
  readonly contact: string;
}

/** How it is known whose address it is. */
export interface Proof {
  readonly proof: ContestOpened["proof"];
  readonly by: string;
  /** Of the code that it uses up. */
  readonly codeHash?: string;
}

export interface Opened {
  readonly contest: string;
  /** By which strangers read the answer. */
  readonly token: string;
  /** Milliseconds since 1970. */
  readonly answerBy: number;
}

export interface ContestingPorts {
  readonly clock: Pick<Clock, "now">;
  readonly settings: Pick<ContestSettings, "answerWithinH">;
  readonly decisions: Pick<Decisions, "level" | "append" | "catchUp">;
  readonly contests: Contests;
  readonly undoLog: Pick<UndoLog, "undoneBy">;
  look(): Promise<Look | undefined>;
}

/** Opens contests, and hands out codes by which strangers may. */
export class Contesting {
  readonly #ports: ContestingPorts;

  constructor(ports: ContestingPorts) {
    this.#ports = ports;
  }

  /**
   * Only of what is banned now, and once at a time.
   * @param mayOpen is asked once nothing else is in its way
   * @throws ContestRefused, and what `mayOpen` throws
   */
  async open(
    { host, why, contact }: Complaint,
    proof: Proof,
    mayOpen: () => void = NOTHING,
  ): Promise<Opened> {
    const { clock, settings, decisions } = this.#ports;
    const address = formatCidr(host);
    const about = this.aboutOf(await this.bansOn(host));
    if (about.length === 0) {
      throw new ContestRefused("not-banned", `nothing bans ${address} now`);
    }
    this.#mustBeFree(host, proof);
    mayOpen();
    const token = newSecret();
    const isStranger = proof.proof !== "operator";
    const opened: ContestOpened = {
      ...{ kind: "contest-opened", contest: newId("con"), address },
      ...{ why, contact, ...proof },
      ...(isStranger && { tokenHash: hashOf(token) }),
      about: about.slice(0, MOST_ABOUT),
      answerBy: clock.now() + settings.answerWithinH * HOUR_MS,
    };
    return lookThenAppend(decisions, () => {
      this.#mustBeFree(host, proof);
      const { contest, answerBy } = opened;
      const answer = { contest, token, answerBy };
      return { events: [opened], answer };
    });
  }

  /** Lets somebody contest the bans on an address once, by a code. */
  async invite(
    host: Cidr,
    { name: by }: Pick<Caller, "name">,
  ): Promise<{ readonly code: string; readonly expiresAt: number }> {
    const { clock, decisions, contests } = this.#ports;
    const code = newSecret();
    const expiresAt = clock.now() + CODE_FOR_MS;
    const invited: ContestInvited = {
      ...{ kind: "contest-invited", address: formatCidr(host) },
      ...{ codeHash: hashOf(code), expiresAt, by },
    };
    return lookThenAppend(decisions, () => {
      if (contests.codes() >= MOST_CODES) {
        throw new ContestRefused("full", `${MOST_CODES} codes are unused`);
      }
      return { events: [invited], answer: { code, expiresAt } };
    });
  }

  /** @throws ContestRefused where nobody can tell */
  async bansOn(host: Cidr): Promise<BansOn> {
    const look = await this.#ports.look();
    if (look !== undefined) return bansOn(look, host);
    throw new ContestRefused(
      "unchecked",
      "what is banned cannot be told just now; try again in a while",
    );
  }

  /** The decisions that ban it, and those whose bans one of them brought back. */
  aboutOf({ own, wider }: BansOn): readonly string[] {
    const { undoLog } = this.#ports;
    const standing = [...own, ...wider].map(({ decision }) => decision);
    const behind = standing.flatMap((each) => broughtBack(undoLog, each));
    return [...new Set([...standing, ...behind])];
  }

  /**
   * One that waits for an answer.
   * @throws ContestRefused
   */
  waiting(id: string): Contest {
    const contest = this.#ports.contests.contest(id);
    if (contest === undefined) {
      throw new ContestRefused("unknown", `there is no contest ${id}`);
    }
    const { answered } = contest;
    if (answered === null) return contest;
    const { verdict, by } = answered;
    throw new ContestRefused(
      "answered",
      `${id} was ${verdict} by ${by} already`,
    );
  }

  #mustBeFree(host: Cidr, { proof }: Proof): void {
    const { contests } = this.#ports;
    const network = networkOfHost(host);
    if (contests.openOn(network) !== undefined) {
      throw new ContestRefused(
        "contested",
        `the bans on ${network} are contested already, and wait for an answer`,
      );
    }
    if (contests.waiting().open >= MOST_OPEN) {
      throw new ContestRefused("full", `${MOST_OPEN} contests wait already`);
    }
    const isStranger = proof === "from-address";
    if (isStranger && contests.openOfStrangers() >= MOST_OF_STRANGERS) {
      throw new ContestRefused(
        "full",
        `${MOST_OF_STRANGERS} contests of strangers wait already`,
      );
    }
  }
}

/** Unix seconds, so long from now. */
export const untilOf = (clock: Pick<Clock, "now">, seconds: number): number =>
  unixSeconds(clock.now()) + seconds;

const HOUR_MS = 60 * 60 * 1000;

/** A week: it goes by mail. */
const CODE_FOR_MS = 7 * 24 * HOUR_MS;
const MOST_CODES = 1_000;

/** What people can look through. */
const MOST_OPEN = 1_000;

/** The rest is for operators, and for whom these gave a code. */
const MOST_OF_STRANGERS = MOST_OPEN / 2;

const NOTHING = (): void => undefined;

/** Decisions that ban one address: one of a feed, or a few. */
const MOST_ABOUT = 16;
