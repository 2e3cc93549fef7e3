import type { Cidr } from "../../agent/model/cidr.js";
import { formatCidr } from "../../agent/model/cidr.js";
import type { Clock } from "../../agent/runtime/clock.js";
import { networkOf } from "../door/networks.js";
import { hashOf } from "../ids.js";
import { Buckets } from "../rate/buckets.js";
import { TokenBucket } from "../rate/token-bucket.js";
import { attackerKey, attackerOf, readRemote } from "../telemetry/remote.js";
import type { Complaint, Contesting, Opened, Proof } from "./contesting.js";
import type { Contest, Contests } from "./contests.js";
import type { ContestSettings } from "./settings.js";

/** Why a stranger is not heard. */
export class NotHeard extends Error {
  override readonly name = "NotHeard";

  constructor(
    readonly code: "off" | "not-proved" | "too-many",
    message: string,
    /** When to come back; 0: it would change nothing. */
    readonly afterMs = 0,
  ) {
    super(message);
  }
}

export interface IntakePorts {
  readonly clock: Pick<Clock, "now" | "monotonic">;
  readonly settings: ContestSettings;
  readonly contests: Contests;
  readonly contesting: Pick<Contesting, "open">;
}

/** A stranger's complaint, and a code if they have one. */
export interface Heard extends Complaint {
  readonly code: string | undefined;
}

/**
 * Hears strangers whose address is banned. Nothing is kept, nor told, of whom has
 * not shown that the address is theirs: so nobody fills the log from one place,
 * and nobody asks the cloud whom it bans.
 */
export class ContestIntake {
  readonly #ports: IntakePorts;
  readonly #all: TokenBucket;
  readonly #places: Buckets;
  readonly #questions: Buckets;

  constructor(ports: IntakePorts) {
    this.#ports = ports;
    const { settings, clock } = ports;
    const { perHour } = settings;
    const rate = { perSecond: perHour / 3_600, burst: perHour };
    this.#all = new TokenBucket(rate, clock);
    this.#places = new Buckets(OF_A_PLACE, MOST_PLACES, clock);
    this.#questions = new Buckets(QUESTIONS, MOST_PLACES, clock);
  }

  get isOn(): boolean {
    return this.#ports.settings.intake;
  }

  /**
   * @param from the address that they come from
   * @throws NotHeard, ContestRefused
   */
  async hear(
    { code, ...complaint }: Heard,
    from: string,
  ): Promise<Pick<Opened, "token" | "answerBy">> {
    this.#mustBeOn();
    const { contesting } = this.#ports;
    const { host } = complaint;
    const invited = this.#invited(host, code);
    // An operator lets them in once: no stranger uses up their turn.
    if (invited !== undefined) return await contesting.open(complaint, invited);
    mustHave(this.#places.of(networkOf(from)));
    mustBeFrom(host, from);
    const proof = { proof: "from-address", by: STRANGER } as const;
    return await contesting.open(complaint, proof, () => mustHave(this.#all));
  }

  /**
   * What became of a contest, for whom opened it; undefined: it is nobody's token.
   * @throws NotHeard
   */
  answerFor(token: string, from: string): Contest | undefined {
    if (!this.isOn) return undefined;
    const contest = this.#ports.contests.byToken(hashOf(token));
    const asker = contest?.contest ?? networkOf(from);
    mustHave(this.#questions.of(asker));
    return contest;
  }

  #mustBeOn(): void {
    if (this.isOn) return;
    throw new NotHeard("off", "this cloud hears no contests of strangers");
  }

  #invited(host: Cidr, code: string | undefined): Proof | undefined {
    if (code === undefined) return undefined;
    const codeHash = hashOf(code);
    const isGood = this.#ports.contests.isInvited(codeHash, formatCidr(host));
    return isGood ? { proof: "code", by: STRANGER, codeHash } : undefined;
  }
}

const STRANGER = "stranger";

/** @throws NotHeard */
function mustBeFrom(host: Cidr, from: string): void {
  if (isFrom(host, from)) return;
  throw new NotHeard(
    "not-proved",
    "contest it from the address itself, or with a code of an operator of this cloud",
  );
}

/** Whether a request comes from the host. */
function isFrom(host: Cidr, from: string): boolean {
  const remote = readRemote(from);
  const came = remote && attackerOf(remote);
  const meant = attackerOf(host);
  if (came === undefined || meant === undefined) return false;
  return attackerKey(came) === attackerKey(meant);
}

/** @throws NotHeard */
function mustHave(bucket: TokenBucket): void {
  if (bucket.take()) return;
  const why = "too many contests came lately";
  throw new NotHeard("too-many", why, bucket.msUntil(1));
}

/** Of a network, an IPv4 /24 or an IPv6 /48: three at once, and one an hour. */
const OF_A_PLACE = { perSecond: 1 / 3_600, burst: 3 };

/** Looks at what became of a contest: of it, or of a network that guesses. */
const QUESTIONS = { perSecond: 1, burst: 30 };

/** Networks, and contests, that are remembered at a time. */
const MOST_PLACES = 10_000;
