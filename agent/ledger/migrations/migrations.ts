import { bans } from "./001-bans.js";

/** One step of the format; frozen once released, so it imports nothing. */
export interface Migration {
  /** Also the `user_version` of a file that has taken it. */
  readonly id: number;
  up(db: { exec(sql: string): unknown }): void;
}

/** In order, from 1, without a gap. */
export const migrations: readonly Migration[] = [bans];
