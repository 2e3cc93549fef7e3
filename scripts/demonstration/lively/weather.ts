import type { Chance } from "./chance.js";
import * as items from "./items.js";
import type { LivelyHost } from "./lively-host.js";

/** How it goes. */
export interface Climate {
  /** What hosts say in all, in items a second. */
  readonly perSecond: number;
  /** Seconds from one attack's beginning to the next one's, about. */
  readonly attackEveryS: number;
}

/** One attacker, who goes from customer to customer. */
interface Attack {
  readonly source: string;
  /** Customers that are still to come, the next one first. */
  readonly route: string[];
  nextAt: number;
}

/**
 * What happens on the hosts: everybody's own noise, which comes to nothing, and now
 * and then an attacker who wanders over the customers, until a rule bans him; what
 * he sends after that hits the ban.
 */
export class Weather implements Disposable {
  readonly #hosts: readonly LivelyHost[];
  readonly #orgs: readonly string[];
  readonly #climate: Climate;
  readonly #chance: Chance;
  readonly #timer: NodeJS.Timeout;
  readonly #attacks = new Set<Attack>();
  /** Who attacked lately, and is banned by now. */
  readonly #past: string[] = [];
  #due = 0;
  #lookedAt = performance.now();
  #nextAttackAt: number;
  #said = 0;

  constructor(hosts: readonly LivelyHost[], climate: Climate, chance: Chance) {
    this.#hosts = hosts;
    this.#orgs = [...new Set(hosts.map(({ cast }) => cast.org))];
    this.#climate = climate;
    this.#chance = chance;
    this.#nextAttackAt = performance.now() + FIRST_ATTACK_MS;
    for (const host of hosts) this.#tellPast(host);
    this.#timer = setInterval(() => this.#turn(), TURN_MS);
  }

  /** How many items were said so far. */
  get said(): number {
    return this.#said;
  }

  /** Has somebody try these customers, one after the other, from now on. */
  attack(source: string, route: readonly string[]): void {
    const nextAt = performance.now();
    this.#attacks.add({ source, route: [...route], nextAt });
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  /** What each host had to do with before anybody looked: a day, the last hour more. */
  #tellPast(host: LivelyHost): void {
    const org = this.#orgs.indexOf(host.cast.org);
    const now = Date.now();
    const told = PAST_MS.flatMap((span) =>
      Array.from({ length: this.#chance.whole(6, 14) }, () => {
        const at = now - Math.floor(this.#chance.part() * span);
        const source = ownSource(org, this.#chance);
        return items.detection(source, this.#chance.whole(1, 6), "none", at);
      }),
    );
    host.report(...told);
  }

  #turn(): void {
    const now = performance.now();
    const { perSecond } = this.#climate;
    this.#due += (perSecond * (now - this.#lookedAt)) / 1_000;
    // What was missed while the process was busy is not made up for all at once.
    this.#due = Math.min(this.#due, perSecond);
    this.#lookedAt = now;
    if (now >= this.#nextAttackAt) this.#beginAttack(now);
    for (const attack of this.#attacks) this.#goOn(attack, now);
    for (; this.#due >= 1; this.#due -= 1) this.#noise();
  }

  #beginAttack(now: number): void {
    const { attackEveryS } = this.#climate;
    const wait = attackEveryS * (0.7 + 0.6 * this.#chance.part());
    this.#nextAttackAt = now + wait * 1_000;
    const route = this.#chance.someOf(this.#orgs, this.#chance.whole(4, 6));
    this.attack(sourceOf(this.#chance), route);
  }

  #goOn(attack: Attack, now: number): void {
    if (now < attack.nextAt) return;
    const org = attack.route.shift();
    if (org === undefined) {
      this.#past.push(attack.source);
      if (this.#past.length > MOST_PAST) this.#past.shift();
      this.#attacks.delete(attack);
      return;
    }
    attack.nextAt = now + this.#chance.whole(3_000, 7_000);
    const present = this.#hosts.filter(
      ({ cast, isThere }) => isThere && cast.org === org,
    );
    for (const host of this.#chance.someOf(present, 3)) {
      const count = this.#chance.whole(5, 30);
      this.#say(host, items.detection(attack.source, count));
    }
  }

  #noise(): void {
    const host = this.#chance.oneOf(this.#hosts);
    const kind = this.#chance.part();
    const observed = host.cast.temper === "observing";
    if (kind < 0.35 && this.#past.length > 0) {
      const remotes = this.#chance.someOf(this.#past, this.#chance.whole(1, 3));
      this.#say(host, items.hits(remotes, observed, this.#chance));
    } else if (kind < 0.45) this.#say(host, host.vitals());
    else if (kind < 0.455 && this.#past.length > 0) {
      const remote = this.#chance.oneOf(this.#past);
      this.#say(host, items.contact(remote, this.#chance));
    } else {
      const source = ownSource(this.#orgs.indexOf(host.cast.org), this.#chance);
      const count = this.#chance.whole(1, 6);
      const action = count >= 5 ? "banned" : "none";
      this.#say(host, items.detection(source, count, action));
    }
  }

  #say(host: LivelyHost, item: ReturnType<LivelyHost["vitals"]>): void {
    if (host.report(item)) this.#said += 1;
  }
}

/** Ranges for examples (RFC 5737, RFC 3849): nobody is there. */
const sourceOf = (chance: Chance): string =>
  chance.happens(0.75)
    ? `203.0.113.${chance.whole(1, 254)}`
    : `2001:db8:a77:${chance.whole(1, 65_535).toString(16)}::${chance.whole(1, 99).toString(16)}`;

/** One that tries this customer alone: no rule has reason enough to ban it. */
function ownSource(org: number, chance: Chance): string {
  if (chance.happens(0.3)) {
    const net = chance.whole(1, 65_535).toString(16);
    return `2001:db8:${(0x100 + org).toString(16)}:${net}::1`;
  }
  const last = org * OWN_ADDRESSES + chance.whole(1, OWN_ADDRESSES);
  return `${chance.oneOf(["192.0.2", "198.51.100"])}.${last}`;
}

/** As many for each of six, within 1 to 252. */
const OWN_ADDRESSES = 40;

const HOUR_MS = 3_600_000;
const PAST_MS = [HOUR_MS, 24 * HOUR_MS];
const TURN_MS = 50;
const FIRST_ATTACK_MS = 3_000;
const MOST_PAST = 40;
