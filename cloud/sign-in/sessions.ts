import type { Clock } from "../../agent/runtime/clock.js";
import { isDiskTrouble } from "../disk/room.js";
import { hashOf, newId, newSecret } from "../ids.js";
import type { Database, Statement } from "../journal/database.js";
import { SESSIONS_IN_ALL, SESSIONS_OF_ONE } from "./budgets.js";
import type { SessionSettings } from "./login-settings.js";

/** How somebody signed in. */
export type Way = "password" | "passkey" | "oidc";

/** Somebody who is signed in. Times in ms since 1970. */
export interface Session {
  /** "ses-…": names it, and opens nothing. */
  readonly id: string;
  readonly operator: string;
  readonly way: Way;
  /** The credential that began it; null: an issuer's word. */
  readonly begunWith: string | null;
  /** The address that it began from. */
  readonly place: string;
  readonly madeAt: number;
  readonly seenAt: number;
  /** By when it ends, however much it is used. */
  readonly endsAt: number;
}

export type Beginning = Pick<
  Session,
  "operator" | "way" | "begunWith" | "place"
>;

/**
 * Sessions are kept here alone: what the browser has is 256 random bits, of which
 * not more than a hash is stored. Where there are too many, the one that was
 * unused for longest goes.
 */
export class Sessions {
  readonly #clock: Pick<Clock, "now">;
  readonly #idleMs: number;
  readonly #lastsMs: number;
  readonly #accounts: Database;
  readonly #add: Statement<never>;
  readonly #byHash: Statement<Session>;
  readonly #of: Statement<Session>;
  readonly #seen: Statement<never>;
  readonly #rebind: Statement<never>;
  readonly #end: Statement<never>;
  readonly #endOf: Statement<never>;
  readonly #endStale: Statement<never>;
  readonly #count: Statement<number>;

  constructor(
    accounts: Database,
    { idleMinutes, hours }: SessionSettings,
    clock: Pick<Clock, "now">,
  ) {
    this.#accounts = accounts;
    this.#clock = clock;
    this.#idleMs = idleMinutes * 60_000;
    this.#lastsMs = hours * 3_600_000;
    this.#add = accounts.prepare(
      `INSERT INTO sessions VALUES (@hash, @id, @operator, @way, @begunWith,
         @place, @now, @now, @endsAt)`,
    );
    this.#byHash = accounts.prepare(`${SESSION} WHERE hash = ?`);
    this.#of = accounts.prepare(
      `${SESSION} WHERE operator = ? ORDER BY seen_at DESC, id`,
    );
    this.#seen = accounts.prepare(
      "UPDATE sessions SET seen_at = @now WHERE id = @id",
    );
    this.#rebind = accounts.prepare(
      "UPDATE sessions SET begun_with = @credential WHERE id = @id AND way = 'password'",
    );
    this.#end = accounts.prepare("DELETE FROM sessions WHERE id = ?");
    this.#endOf = accounts.prepare(
      "DELETE FROM sessions WHERE operator = @operator AND id IS NOT @but",
    );
    this.#endStale = accounts.prepare(
      `DELETE FROM sessions WHERE seen_at <= @idleSince OR ends_at <= @now
         OR id IN (SELECT id FROM sessions WHERE operator = @operator
           ORDER BY seen_at DESC, id LIMIT -1 OFFSET ${SESSIONS_OF_ONE})
         OR id IN (SELECT id FROM sessions
           ORDER BY seen_at DESC, id LIMIT -1 OFFSET ${SESSIONS_IN_ALL})`,
    );
    this.#count = accounts
      .prepare<unknown[], number>(
        "SELECT count(*) FROM sessions WHERE seen_at > ? AND ends_at > ?",
      )
      .pluck();
  }

  /** @returns what the browser is to keep, which nobody is told again */
  begin(beginning: Beginning): {
    readonly secret: string;
    readonly session: Session;
  } {
    const now = this.#clock.now();
    const secret = newSecret();
    const id = newId("ses");
    const endsAt = now + this.#lastsMs;
    const { operator } = beginning;
    this.#accounts.transaction(() => {
      this.#add.run({ ...beginning, hash: hashOf(secret), id, now, endsAt });
      this.#endStale.run({ now, operator, idleSince: now - this.#idleMs });
    })();
    const session = { ...beginning, id, endsAt, madeAt: now, seenAt: now };
    return { secret, session };
  }

  /**
   * The session that this opens; undefined: none does.
   * @param isUsed whether somebody used it just now, and no page by itself
   */
  use(secret: string, isUsed = true): Session | undefined {
    const session = this.#byHash.get(hashOf(secret));
    if (session === undefined) return undefined;
    const now = this.#clock.now();
    if (this.#isOver(session, now)) {
      this.end(session.id);
      return undefined;
    }
    // Not at each request: whoever polls would have the disk write all the time.
    const isDue = now - session.seenAt >= this.#idleMs / NOTED_WITHIN_IDLE;
    if (isUsed && isDue) this.#noteSeen(session.id, now);
    return session;
  }

  /** Open ones, the last used first. */
  of(operator: string): readonly Session[] {
    const now = this.#clock.now();
    return this.#of.all(operator).filter((each) => !this.#isOver(each, now));
  }

  /** One that was begun with a password stands on another from here on. */
  rebind(id: string, credential: string): void {
    this.#rebind.run({ id, credential });
  }

  end(id: string): void {
    this.#end.run(id);
  }

  /** All of an operator's, but for one. */
  endOf(operator: string, but: string | null = null): void {
    this.#endOf.run({ operator, but });
  }

  count(): number {
    const now = this.#clock.now();
    return this.#count.get(now - this.#idleMs, now) ?? 0;
  }

  /** Not for want of room is anybody sent away who is needed to make some. */
  #noteSeen(id: string, now: number): void {
    try {
      this.#seen.run({ id, now });
    } catch (error) {
      if (!isDiskTrouble(error)) throw error;
    }
  }

  #isOver({ seenAt, endsAt }: Session, now: number): boolean {
    return now >= endsAt || now - seenAt >= this.#idleMs;
  }
}

/** A session may seem unused for this part of its idle limit while it is used. */
const NOTED_WITHIN_IDLE = 30;

const SESSION = `
  SELECT id, operator, way, begun_with AS begunWith, place, made_at AS madeAt,
    seen_at AS seenAt, ends_at AS endsAt
  FROM sessions`;
