/**
 * What time it is, for the expiry of bans. A wall clock may be set to anything,
 * so it is a witness and no more: time goes on by the clock of the boot, which
 * nobody can set, and the wall clock moves it only as far as it is believed.
 *
 * Times are milliseconds since 1970. An `offset` is the time at which the boot
 * began, by some clock: with what has elapsed since it gives that clock's time.
 */
export type Belief = Resumed | Assumed | Confirmed;

/** A boot has begun: time goes on where the last one left it. */
export interface Resumed extends Believed {
  readonly at: "resumed";
  readonly sure: number;
  /** Offset of the wall clock, which was not set since. */
  readonly wall: number;
  /** Elapsed time of the boot when it was seen first. */
  readonly since: number;
}

/** The wall clock was taken for right, and nobody has confirmed it. */
export interface Assumed extends Believed {
  readonly at: "assumed";
  readonly sure: number;
}

/** A signed date was close to it in this boot. */
export interface Confirmed extends Believed {
  readonly at: "confirmed";
}

interface Believed {
  readonly offset: number;
  /** Where small steps of the wall clock, which are followed, count from. */
  readonly anchor: number;
}

/** The clocks at one moment. */
export interface Reading {
  readonly wall: number;
  /** Since the boot, also while the host was suspended. */
  readonly elapsed: number;
}

/** What outlives a process and a boot. */
export interface Kept {
  /** The boot that it is of. */
  readonly boot: number;
  readonly state: Belief["at"];
  readonly offset: number;
  readonly anchor: number;
  /** The time when this was written. */
  readonly time: number;
  /** A time that has certainly been reached: the last confirmed one. */
  readonly sure: number;
}

/** The time by which bans expire. */
export const timeOf = ({ offset }: Belief, { elapsed }: Reading): number =>
  offset + elapsed;

/** Goes on from what was kept, if anything was. */
export function begin(
  kept: Kept | undefined,
  boot: number,
  reading: Reading,
): Belief {
  const wall = wallOffset(reading);
  if (kept === undefined) {
    return { at: "assumed", offset: wall, anchor: wall, sure: 0 };
  }
  const { offset, anchor, time, sure } = kept;
  const since = reading.elapsed;
  // A boot's clock that is behind where it was is another's.
  if (
    kept.boot !== boot ||
    timeOf({ ...kept, at: "confirmed" }, reading) < time
  ) {
    const resumed = { offset: time, anchor: time, sure, wall, since };
    return look({ at: "resumed", ...resumed }, reading);
  }
  switch (kept.state) {
    case "resumed":
      return { at: "resumed", offset, anchor, sure, wall, since };
    case "assumed":
      return { at: "assumed", offset, anchor, sure };
    case "confirmed":
      return { at: "confirmed", offset, anchor };
  }
}

export function keep(belief: Belief, boot: number, reading: Reading): Kept {
  const { at: state, offset, anchor } = belief;
  const time = Math.floor(timeOf(belief, reading));
  const sure = Math.floor(sureOf(belief, reading));
  return { boot, state, offset, anchor, time, sure };
}

/**
 * Looks at the wall clock. Small steps forward are followed; small steps back
 * need not be, as time never goes back by itself. Greater ones are not believed,
 * but that a boot's first wall clock is, after a while in which nobody set it.
 */
export function look(belief: Belief, reading: Reading): Belief {
  const wall = wallOffset(reading);
  const mostAhead = belief.at === "resumed" ? NEAR_MS : STEP_MS;
  const isSmall = wall <= belief.anchor + mostAhead;
  const offset = isSmall ? Math.max(belief.offset, wall) : belief.offset;
  const followed = offset === belief.offset ? belief : { ...belief, offset };
  if (followed.at !== "resumed") return followed;
  const { anchor, sure } = followed;
  const { elapsed } = reading;
  if (Math.abs(wall - followed.wall) > STEP_MS) {
    return { ...followed, wall, since: elapsed };
  }
  const isPatient = elapsed - followed.since < PATIENCE_MS;
  if (isPatient || wall > anchor + PLAUSIBLE_MS) return followed;
  const taken = Math.max(offset, wall);
  return { at: "assumed", offset: taken, anchor: taken, sure };
}

/**
 * Hears a date that was signed a moment ago, at the far end of the connection.
 * A date cannot lie in the future, so a wall clock close to it is not ahead.
 */
export function hear(belief: Belief, reading: Reading, date: number): Belief {
  const { offset } = belief;
  const { wall, elapsed } = reading;
  const now = timeOf(belief, reading);
  // Delayed or replayed: a time beyond it was confirmed before.
  if (date < sureOf(belief, reading) - 2 * NEAR_MS) return belief;
  const byWall = wallOffset(reading);
  const isNear = areNear(now, date);
  if (areNear(wall, date) && (byWall > offset || !isNear)) {
    return confirmed(byWall);
  }
  if (isNear) return confirmed(offset);
  // Two against one: it is the far end's clock that is wrong.
  if (belief.at === "confirmed" && areNear(wall, now)) return belief;
  return confirmed(Math.ceil(date - elapsed));
}

const confirmed = (offset: number): Confirmed => ({
  at: "confirmed",
  offset,
  anchor: offset,
});

const sureOf = (belief: Belief, reading: Reading): number =>
  belief.at === "confirmed" ? timeOf(belief, reading) : belief.sure;

/** Whole, so that it is the same after it was kept. */
const wallOffset = ({ wall, elapsed }: Reading): number =>
  Math.ceil(wall - elapsed);

export const areNear = (a: number, b: number): boolean =>
  Math.abs(a - b) <= NEAR_MS;

/** More than clocks that are steered towards the right time are ever moved at once. */
export const STEP_MS = 5_000;

/** How far clocks may be apart that agree: the tolerance of every expiry. */
export const NEAR_MS = 60_000;

/** A cloud that can be reached is heard long before. */
export const PATIENCE_MS = 600_000;

/** Hosts are off for weeks, while a broken clock is mostly off by years. */
export const PLAUSIBLE_MS = 31 * 86_400_000;
