/** What became of a configuration that was read anew. */
export interface Reloaded {
  /** Names of settings that are others than before, and count. */
  readonly changed: readonly string[];
  /** Names of those that are others than at the start, and count from the next on. */
  readonly needsRestart: readonly string[];
}
