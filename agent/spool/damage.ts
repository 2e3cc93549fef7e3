import type { Blame, DamageKind } from "../sqlite/damage.js";

/** The spool's file cannot be used, or not as far as was asked. */
export class SpoolDamage extends Error {
  override readonly name = "SpoolDamage";

  constructor(
    readonly path: string,
    readonly kind: DamageKind,
    problem: string,
    options?: ErrorOptions,
  ) {
    super(`the spool ${path} ${problem}`, options);
  }
}

export const blameSpool =
  (path: string): Blame =>
  (kind, problem, options) =>
    new SpoolDamage(path, kind, problem, options);
