import * as v from "valibot";
import type { PolicySensors } from "../protocol/policy.js";
import { duration, section } from "./shapes.js";

/** How far a customer's policy may set a sensor: nothing where it is absent. */
export type Permitted = readonly [least: number, most: number];

/** Of sshd's sensor; times are seconds. */
export interface PermittedSshd {
  readonly maxretry: Permitted | undefined;
  readonly findtime: Permitted | undefined;
  readonly bantime: Permitted | undefined;
}

const retries = v.pipe(
  v.number(),
  v.integer(),
  v.minValue(1),
  v.maxValue(1_000),
);

const OUT_OF_ORDER = "must be two values, the lesser first";

const retrySpan = v.optional(
  v.pipe(
    v.tuple([retries, retries], OUT_OF_ORDER),
    v.check(([least, most]) => least <= most, OUT_OF_ORDER),
  ),
);

const timeSpan = v.optional(
  v.pipe(
    v.tuple([duration, duration], OUT_OF_ORDER),
    v.check(([least, most]) => least <= most, OUT_OF_ORDER),
  ),
);

/** `policy` of the file. */
export const PolicyShape = v.optional(
  section({
    sensors: v.optional(
      section({
        sshd: v.optional(
          section({
            maxretry: retrySpan,
            findtime: timeSpan,
            bantime: timeSpan,
          }),
          {},
        ),
      }),
      {},
    ),
  }),
  {},
);

/** What of sshd's sensor a policy sets. */
export type SetByPolicy = NonNullable<PolicySensors["sshd"]>;

/** What a policy sets as far as the host's file permits it, and the names of the rest. */
export function permittedOf(
  wanted: SetByPolicy,
  permitted: PermittedSshd,
): { readonly set: SetByPolicy; readonly passedOver: readonly string[] } {
  const set: { -readonly [K in keyof SetByPolicy]: SetByPolicy[K] } = {};
  const passedOver: string[] = [];
  for (const name of ["maxretry", "findtime", "bantime"] as const) {
    const value = wanted[name];
    if (value === undefined) continue;
    const [least, most] = permitted[name] ?? NOTHING;
    if (value >= least && value <= most) set[name] = value;
    else passedOver.push(name);
  }
  return { set, passedOver };
}

const NOTHING: Permitted = [Infinity, -Infinity];
