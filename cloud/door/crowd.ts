/** How many may be there at once. */
export interface Room {
  readonly inAll: number;
  readonly ofOne: number;
}

/**
 * Those who take up room, by party (a network, an org), the oldest of each first.
 * When there is none left, the oldest of a party that has the most is closed, and
 * not the newcomer: nobody can keep others out by holding connections open.
 */
export class Crowd<Member> {
  readonly #room: Room;
  readonly #parties = new Map<string, Set<Member>>();
  #size = 0;

  constructor(room: Room) {
    this.#room = room;
  }

  get size(): number {
    return this.#size;
  }

  countOf(party: string): number {
    return this.#parties.get(party)?.size ?? 0;
  }

  /** Takes the newcomer in; returns who has left to make room. */
  enter(member: Member, party: string): Member | undefined {
    const others = this.#parties.get(party) ?? new Set();
    this.#parties.set(party, others);
    others.add(member);
    this.#size += 1;
    const { inAll, ofOne } = this.#room;
    if (others.size > ofOne) return this.#oldestOf(party);
    return this.#size > inAll ? this.makeRoom() : undefined;
  }

  /** The oldest of a party with the most leaves; undefined when none is there. */
  makeRoom(): Member | undefined {
    let most = 0;
    let largest = "";
    for (const [party, { size }] of this.#parties) {
      if (size <= most) continue;
      most = size;
      largest = party;
    }
    return this.#oldestOf(largest);
  }

  /** Harmless for one who has left. */
  leave(member: Member, party: string): void {
    const others = this.#parties.get(party);
    if (others?.delete(member) !== true) return;
    this.#size -= 1;
    if (others.size === 0) this.#parties.delete(party);
  }

  *[Symbol.iterator](): Generator<Member> {
    for (const members of this.#parties.values()) yield* members;
  }

  #oldestOf(party: string): Member | undefined {
    const [oldest] = this.#parties.get(party) ?? [];
    if (oldest !== undefined) this.leave(oldest, party);
    return oldest;
  }
}
