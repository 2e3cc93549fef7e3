import type { Config } from "./config.js";

/**
 * A configuration of which some settings may be changed while it is in use. Whoever
 * holds `config`, or its guard, or a section of that, reads what counts now.
 */
export class LiveConfig {
  readonly config: Config;
  #guard: Config["guard"];

  constructor(started: Config) {
    this.#guard = started.guard;
    const guard = viewOf<Config["guard"]>(() => this.#guard);
    this.config = Object.freeze({ ...started, guard });
  }

  /** What counts now, as values. */
  get now(): Pick<Config, "guard"> {
    return { guard: this.#guard };
  }

  /** What `countsAtOnce` counts from here on, and nothing else does. */
  settle({ guard }: Pick<Config, "guard">): void {
    const { allow, floor, unapproved, around, tiers, limits } = guard;
    this.#guard = {
      ...this.#guard,
      ...{ allow, floor, unapproved, around, tiers, limits },
      private: guard.private,
    };
  }
}

/** Whether a setting needs no restart, by its name. */
export const countsAtOnce = (name: string): boolean => AT_ONCE.test(name);

const AT_ONCE =
  /^(guard\.(allow|private|around|(floor|unapproved|tiers|limits)\.\w+)|log\.level)$/;

/** Reads each part when it is asked for, down to lists and values. */
function viewOf<T extends object>(current: () => T): T {
  const parts = Object.keys(current()).map((name) => {
    const key = name as keyof T;
    const isSection = isObject(current()[key]);
    const inner = isSection
      ? viewOf(() => current()[key] as object)
      : undefined;
    const get = () => inner ?? current()[key];
    return [name, { enumerable: true, get }] as const;
  });
  return Object.defineProperties({}, Object.fromEntries(parts)) as T;
}

const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);
