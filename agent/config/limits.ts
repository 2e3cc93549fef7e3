/** How much feeds may do to this host, whatever their signatures. */
export interface Limits {
  /** Longest life of a ban, in seconds. */
  readonly life: number;
  /**
   * Most of each family's addresses that one feed's bans may cover, 0 to 1; those of
   * an org, its groups' included, together.
   */
  readonly share: number;
  /** Most bans in force, of all feeds together. */
  readonly entries: number;
  /** Most bans that may come into force in a minute, in the long run. */
  readonly changesPerMinute: number;
  /** Most that may come at once after a rest. */
  readonly burst: number;
  /** How many times its size a feed may reach by one snapshot, in any case. */
  readonly growth: number;
  /** How much of a feed a snapshot has to leave at least, 0 to 1. */
  readonly remain: number;
}
