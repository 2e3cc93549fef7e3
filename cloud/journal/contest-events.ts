/** Somebody says that an address is banned wrongly, and what came of it. */
export type ContestEvent = ContestInvited | ContestOpened | ContestAnswered;

/** Who has the code may contest the bans on an address, once. */
export interface ContestInvited {
  readonly kind: "contest-invited";
  readonly address: string;
  /** SHA-256 of the code, in hex: the code itself is nowhere. */
  readonly codeHash: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  readonly by: string;
}

export interface ContestOpened {
  readonly kind: "contest-opened";
  readonly contest: string;
  /** Of one host, in its usual spelling. */
  readonly address: string;
  /** In their own words, and where they are to be reached; empty: nowhere. */
  readonly why: string;
  readonly contact: string;
  /** How it is known that it is theirs; "operator": an operator took it down. */
  readonly proof: "from-address" | "code" | "operator";
  /** An operator's name, or "stranger". */
  readonly by: string;
  /** SHA-256 of what its answer is read by; absent where an operator tells it. */
  readonly tokenHash?: string;
  /** Of the code that was used up. */
  readonly codeHash?: string;
  /** Decisions whose bans were in force on it, by undos of undos as well: a few. */
  readonly about: readonly string[];
  /** Until when somebody is to answer, in ms since 1970. */
  readonly answerBy: number;
}

export interface ContestAnswered {
  readonly kind: "contest-answered";
  readonly contest: string;
  readonly verdict: "released" | "shortened" | "refused";
  readonly operator: string;
  readonly by: string;
  /** Who answered had ordered the ban, or released it: there was nobody else. */
  readonly bySelf: boolean;
  /** What whoever asked is told. */
  readonly answer: string;
  /** Until when it is banned now, in Unix seconds; of what was shortened. */
  readonly until?: number;
  /** Decisions that it is about: those of the beginning, and what is in force. */
  readonly about: readonly string[];
}
