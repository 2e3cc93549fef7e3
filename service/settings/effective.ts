import { ConfigShape, type Config } from "../../agent/config/config.js";
import { namesIn } from "../../agent/config/names.js";
import type { Place } from "./merge.js";

/** A setting as it counts. */
export interface Effective {
  /** "guard.floor.ipv4". */
  readonly name: string;
  /** As a file would say it; undefined where it has none. */
  readonly value: unknown;
  /** Undefined for a default. */
  readonly from: Place | undefined;
}

/** What files say, and where. */
interface Given {
  readonly config: Config;
  readonly given: unknown;
  readonly placeOf: (name: string) => Place | undefined;
}

/** Every setting, in the order in which it is documented. */
export function effectiveOf({ config, given, placeOf }: Given): Effective[] {
  const known = derivedOf(config);
  return [...namesIn(ConfigShape).settings].map(([name, usual]) => {
    const said = valueAt(given, name.split("."));
    if (said !== undefined) return { name, value: said, from: placeOf(name) };
    return { name, value: usual ?? known[name], from: undefined };
  });
}

/** The same as one object, without what has no value. */
export function asSections(all: readonly Effective[]): object {
  const whole: Record<string, unknown> = {};
  for (const { name, value } of all) {
    if (value === undefined) continue;
    const parts = name.split(".");
    const last = parts.pop() ?? name;
    const section = parts.reduce<Record<string, unknown>>(
      (within, part) => (within[part] ??= {}) as Record<string, unknown>,
      whole,
    );
    section[last] = value;
  }
  return whole;
}

/** What goes by other settings unless it is said. */
const derivedOf = ({
  guard,
  sensors,
  metrics,
}: Config): Readonly<Record<string, unknown>> => ({
  "guard.unapproved.ipv4": guard.unapproved[4],
  "guard.unapproved.ipv6": guard.unapproved[6],
  "sensors.sshd.ports": sensors.sshd.ports,
  "metrics.socket": metrics.socket,
});

/** What a file gives, whatever it is made of. */
function valueAt(given: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (within, name) =>
      typeof within === "object" &&
      within !== null &&
      Object.hasOwn(within, name)
        ? (within as Readonly<Record<string, unknown>>)[name]
        : undefined,
    given,
  );
}
