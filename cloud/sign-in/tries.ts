import type { Clock } from "../../agent/runtime/clock.js";
import { placeOf } from "../door/networks.js";
import type { Database, Statement } from "../journal/database.js";
import { Buckets } from "../rate/buckets.js";
import { TokenBucket } from "../rate/token-bucket.js";
import {
  MOST_COUNTED,
  PLACES_OF_ONE,
  TRIES_OF_ONE_NAME,
  TRIES_OF_ONE_PLACE,
  TRIES_OF_STRANGERS,
} from "./budgets.js";
import { TryLater } from "./failures.js";

/** Who tries a password. */
export interface Try {
  /** Undefined for a name that nobody has. */
  readonly operator: string | undefined;
  /** The name as it is compared. */
  readonly called: string;
  /** An address, or "socket". */
  readonly from: string;
}

/**
 * How often passwords are tried: from one place, for one name, by all strangers.
 * From places where an operator signed in before, their name is counted apart, so
 * that strangers who try it do not keep them out.
 */
export class Tries {
  readonly #places: Buckets;
  readonly #names: Buckets;
  readonly #strangers: TokenBucket;
  readonly #clock: Clock;
  readonly #isKnown: Statement<number>;
  readonly #remember: Statement<never>;
  readonly #forget: Statement<never>;

  constructor(accounts: Database, clock: Clock) {
    this.#clock = clock;
    this.#places = new Buckets(TRIES_OF_ONE_PLACE, MOST_COUNTED, clock);
    this.#names = new Buckets(TRIES_OF_ONE_NAME, MOST_COUNTED, clock);
    this.#strangers = new TokenBucket(TRIES_OF_STRANGERS, clock);
    this.#isKnown = accounts
      .prepare<unknown[], number>(
        "SELECT 1 FROM known_places WHERE operator = ? AND place = ?",
      )
      .pluck();
    this.#remember = accounts.prepare(
      "INSERT OR REPLACE INTO known_places VALUES (@operator, @place, @now)",
    );
    this.#forget = accounts.prepare(
      `DELETE FROM known_places WHERE operator = @operator AND place IN (
         SELECT place FROM known_places WHERE operator = @operator
         ORDER BY seen_at DESC, place LIMIT -1 OFFSET ${PLACES_OF_ONE})`,
    );
  }

  /** @throws TryLater, saying when */
  take({ operator, called, from }: Try): void {
    const place = placeOf(from);
    const isKnown =
      operator !== undefined &&
      this.#isKnown.get(operator, place) !== undefined;
    const name = isKnown ? `${called} ${place}` : called;
    const buckets = [
      this.#places.of(place),
      this.#names.of(name),
      ...(isKnown ? [] : [this.#strangers]),
    ];
    takeOfEach(buckets, "passwords were tried too often");
  }

  /** Somebody signed in from there. */
  succeeded(operator: string, from: string): void {
    const place = placeOf(from);
    this.#remember.run({ operator, place, now: this.#clock.now() });
    this.#forget.run({ operator });
  }
}

/**
 * Takes one of each, if all have one; otherwise none.
 * @throws TryLater, saying when
 */
export function takeOfEach(
  buckets: readonly TokenBucket[],
  message: string,
): void {
  if (!buckets.every((each) => each.holds(1))) {
    const afterMs = Math.max(...buckets.map((each) => each.msUntil(1)));
    throw new TryLater(message, afterMs);
  }
  for (const each of buckets) each.take();
}
