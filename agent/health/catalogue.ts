/** One thing that can be wrong with a host's protection. */
export interface Condition {
  readonly severity: "low" | "medium" | "high";
  /** It has to last so long to be told: a blip is not an alarm. */
  readonly visibleAfterMs: number;
  /** One line for a person, with what is known about this case. */
  text(detail: string): string;
}

/** Everything that can be wrong, by the code that is reported. */
export const catalogue = {
  /** What the kernel drops is not what the ledger says. */
  "not-enforcing": {
    severity: "high",
    visibleAfterMs: 30_000,
    text: (detail) => `this host is not enforcing: ${detail}`,
  },
  /** The kernel says so, and packets say otherwise. */
  "not-proven": {
    severity: "high",
    visibleAfterMs: 0,
    text: (detail) => `bans do not stop packets on this host: ${detail}`,
  },
  /** It crashed again and again, and leaves everything as it is for a while. */
  "safe-mode": {
    severity: "high",
    visibleAfterMs: 0,
    text: (detail) =>
      `this agent is in safe mode: bans in the kernel stay and end, no new ones come: ${detail}`,
  },
  /** Told by itself, once for each. */
  poison: {
    severity: "high",
    visibleAfterMs: 0,
    text: (detail) => `what this agent died over twice is refused: ${detail}`,
  },
  /** The host goes on with what it has, and nothing is added to that. */
  "disk-full": {
    severity: "high",
    visibleAfterMs: 0,
    text: (detail) =>
      `the state folder takes nothing: bans stay and end, no new ones come: ${detail}`,
  },
  "disk-reserve": {
    severity: "medium",
    visibleAfterMs: 0,
    text: (detail) =>
      `the state folder has little room, and lists are not taken in: ${detail}`,
  },
  "ledger-quarantined": {
    severity: "high",
    visibleAfterMs: 0,
    text: (detail) =>
      `the ledger was damaged and put aside; a new one was begun: ${detail}`,
  },
  /** Whoever calls an attacker may work for him: see what it is. */
  "banned-contacted": {
    severity: "high",
    visibleAfterMs: 0,
    text: (detail) => `something here calls a banned address: ${detail}`,
  },
  "cloud-unreachable": {
    severity: "medium",
    visibleAfterMs: 120_000,
    text: (detail) =>
      `no connection to the cloud; bans stay in force: ${detail}`,
  },
  /** Whoever can change what is offered may change more. */
  "link-downgraded": {
    severity: "high",
    visibleAfterMs: 0,
    text: (detail) =>
      `the link is left, since it was made one of an older version; bans stay in force: ${detail}`,
  },
  /** The cloud signs two things that cannot both be true. */
  "feed-forked": {
    severity: "high",
    visibleAfterMs: 0,
    text: (detail) =>
      `the cloud contradicts what it signed before; what is in force stays: ${detail}`,
  },
  /** What was ever decided is shown otherwise than before. */
  "log-forked": {
    severity: "high",
    visibleAfterMs: 0,
    text: (detail) =>
      `the cloud's log of its decisions contradicts what it was; what is in force stays: ${detail}`,
  },
  "root-expired": {
    severity: "high",
    visibleAfterMs: 0,
    text: (detail) =>
      `the root has run out; bans stay in force, and no new ones are taken: ${detail}`,
  },
  "feed-stale": {
    severity: "medium",
    visibleAfterMs: 0,
    text: (detail) =>
      `there is no fresh word from the cloud; bans stay in force: ${detail}`,
  },
  "root-expiring": {
    severity: "medium",
    visibleAfterMs: 0,
    text: (detail) => `the root runs out soon: ${detail}`,
  },
  /** It would not notice an attack, and looks like peace. */
  "sensor-blind": {
    severity: "medium",
    visibleAfterMs: 0,
    text: (detail) => `a sensor would not notice an attack: ${detail}`,
  },
  "sensor-unreadable": {
    severity: "medium",
    visibleAfterMs: 120_000,
    text: (detail) => `a sensor has nothing to read: ${detail}`,
  },
  /** A log says so, and who may write it proves nothing. */
  "sensor-unconfirmed": {
    severity: "medium",
    visibleAfterMs: 0,
    text: (detail) => `what a sensor reads is not acted on: ${detail}`,
  },
  "spool-quarantined": {
    severity: "medium",
    visibleAfterMs: 0,
    text: (detail) =>
      `the spool was damaged and put aside; what waited in it is lost: ${detail}`,
  },
  "spool-failing": {
    severity: "medium",
    visibleAfterMs: 0,
    text: (detail) => `telemetry is lost: ${detail}`,
  },
  /** Told by itself each time, as something that happened. */
  "ruleset-disturbed": {
    severity: "medium",
    visibleAfterMs: 0,
    text: (detail) => `the bans in the kernel were disturbed: ${detail}`,
  },
  "ruleset-contested": {
    severity: "high",
    visibleAfterMs: 0,
    text: (detail) =>
      `something keeps undoing this host's bans; they are put back ever more seldom: ${detail}`,
  },
  /** What a vendor must not do again without looking. */
  "change-taken-back": {
    severity: "high",
    visibleAfterMs: 0,
    text: (detail) =>
      `a large or wide change was not seen to be harmless, was taken back, and is held: ${detail}`,
  },
  "clock-jumped": {
    severity: "medium",
    visibleAfterMs: 0,
    text: (detail) => `the clock jumped, or the host slept: ${detail}`,
  },
  /** The host's operator wants it so; nobody may forget that. */
  observing: {
    severity: "medium",
    visibleAfterMs: 0,
    text: (detail) => `this host counts but does not drop: ${detail}`,
  },
  /** The host's operator wants it so for a while, after which it ends by itself. */
  paused: {
    severity: "medium",
    visibleAfterMs: 0,
    text: (detail) => `this host counts but does not drop for now: ${detail}`,
  },
  /** The host's operator keeps bans off more than some addresses. */
  "released-wide": {
    severity: "high",
    visibleAfterMs: 0,
    text: (detail) =>
      `this host's operator keeps bans off a large part of all addresses: ${detail}`,
  },
  /** For as long as a rollback lasts. */
  "bans-withheld": {
    severity: "medium",
    visibleAfterMs: 0,
    text: (detail) =>
      `this host's operator rolled bans back, which wait: ${detail}`,
  },
  /** Told by itself each time, as are all that the host's operator orders. */
  released: {
    severity: "low",
    visibleAfterMs: 0,
    text: (detail) => `this host's operator released a range: ${detail}`,
  },
  confirmed: {
    severity: "medium",
    visibleAfterMs: 0,
    text: (detail) =>
      `this host's operator has a change enforced that was taken back: ${detail}`,
  },
  "rolled-back": {
    severity: "medium",
    visibleAfterMs: 0,
    text: (detail) => `this host's operator rolled bans back: ${detail}`,
  },
  "bans-held": {
    severity: "low",
    visibleAfterMs: 60_000,
    text: (detail) => `guards hold bans that the cloud ordered: ${detail}`,
  },
  "egress-dropped": {
    severity: "low",
    visibleAfterMs: 0,
    text: (detail) =>
      `local programs that call banned addresses wait instead of being told: ${detail}`,
  },
  /** Nothing says that bans work, nor that they do not. */
  "proof-missing": {
    severity: "low",
    visibleAfterMs: 3_600_000,
    text: (detail) => `it was not seen for an hour that bans work: ${detail}`,
  },
  /** Whoever runs guests on this host must know what protects them, and what not. */
  "paths-uncovered": {
    severity: "low",
    visibleAfterMs: 60_000,
    text: (detail) =>
      `packets can pass this host without meeting a ban: ${detail}`,
  },
  /** Who sends from many addresses is to hide nobody without a word. */
  "hits-crowded": {
    severity: "low",
    visibleAfterMs: 0,
    text: (detail) =>
      `more addresses hit bans than are listed one by one; those with the fewest packets are forgotten: ${detail}`,
  },
  /** Its host may be off the network, or the cloud keeps no log. */
  "log-unproven": {
    severity: "low",
    visibleAfterMs: 0,
    text: (detail) =>
      `for a day nothing showed that the cloud's log of its decisions only grows: ${detail}`,
  },
  "spool-full": {
    severity: "low",
    visibleAfterMs: 0,
    text: (detail) => `telemetry was let go of for want of room: ${detail}`,
  },
} as const satisfies Readonly<Record<string, Condition>>;

export type HealthCode = keyof typeof catalogue;

export const healthCodes = Object.keys(catalogue) as readonly HealthCode[];
