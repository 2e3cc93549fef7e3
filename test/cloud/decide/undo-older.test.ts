import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { Caller } from "../../../cloud/operators/caller.js";
import { addresses, letIn, Stage, type Opened } from "../two-persons/stage.js";
import { deciding, dice, HOUR_MS, HOUR_S } from "./undo-stage.js";

describe("undo of what is older", () => {
  let stage: Stage;
  let cloud: Opened;
  let ann: Caller;

  beforeEach(async () => {
    stage = new Stage();
    cloud = await stage.open({ enabled: false });
    ann = await letIn(cloud, "ann", "analyst");
  });
  afterEach(async () => {
    await cloud[Symbol.asyncDispose]();
    await stage[Symbol.asyncDispose]();
  });

  const { banned, lifted, imported, undo, stands } = deciding(() => ({
    ...{ stage, cloud, ann },
  }));

  it("takes back one ban after the other, the newest first", async () => {
    const first = await banned(["203.0.113.7"], { forSeconds: HOUR_S });
    const more = { forSeconds: 9 * HOUR_S };
    const second = await banned(["203.0.113.7", "203.0.113.8"], more);
    expect(await undo(second)).toMatchObject({
      counts: { restored: 1, lifted: 1 },
    });
    expect(await undo(first)).toMatchObject({
      ...{ counts: { lifted: 1 }, changedBy: [] },
    });
    expect(await stands()).toEqual([]);
  });

  it("takes back one import after the other, though the later had it as it stood", async () => {
    const ranges = addresses(10);
    const monday = await imported(ranges.slice(0, 8));
    const tuesday = await imported(ranges);
    await undo(tuesday);
    expect(await stands("reputation")).toHaveLength(8);
    expect(await undo(monday)).toMatchObject({
      ...{ counts: { lifted: 8 }, changedBy: [] },
    });
    expect(await stands("reputation")).toEqual([]);
  });

  it("leaves what an undone undo put into force again", async () => {
    const ranges = addresses(10);
    const monday = await imported(ranges.slice(0, 8));
    const tuesday = await imported(ranges);
    const undone = await undo(tuesday);
    await undo(undone.decision!.decision);
    expect(await undo(monday)).toMatchObject({ counts: { changed: 8 } });
    expect(await stands("reputation")).toHaveLength(10);
  });

  it("leaves what a later import has, whatever came of the ones behind it", async () => {
    const ranges = addresses(10);
    const monday = await imported(ranges);
    const tuesday = await imported(ranges.slice(0, 9));
    stage.clock.jump(HOUR_MS);
    await undo(await imported(ranges));
    expect(await undo(monday)).toMatchObject({
      ...{ counts: { changed: 10 } },
      changedBy: [{ decision: tuesday, by: "ann", ranges: 10 }],
    });
    expect(await stands("reputation")).toHaveLength(9);
  });

  it("takes what stands to what would stand without it, however old it is", async () => {
    const random = dice(11);
    const model = new Model();
    const made: string[] = [];
    const standing = async () =>
      new Map(
        (await stands()).map(({ range, until, observed }) => [
          ...([range, `${until} ${observed}`] as const),
        ]),
      );
    const one = () => `198.51.100.${Math.floor(random() * 4)}`;
    for (let round = 0; round < 150; round++) {
      const kind = random();
      if (kind < 0.4 && made.length > 0) {
        const which = made[Math.floor(random() * made.length)]!;
        const { decision } = await undo(which);
        model.undo(which, decision?.decision ?? "none");
        if (decision) made.push(decision.decision);
      } else {
        stage.clock.jump(1_000);
        const ranges = [...new Set([one(), one()])];
        const forSeconds = Math.ceil(random() * 12) * HOUR_S;
        const more = { forSeconds, observed: random() < 0.3, replace: true };
        const decision = await (
          kind < 0.8 ? banned(ranges, more) : lifted(ranges)
        ).catch(() => undefined);
        if (decision === undefined) continue;
        made.push(decision);
        model.decided(decision, await standing());
      }
      expect([round, await standing()]).toEqual([round, model.standing]);
    }
  });
});

/** Bans and lifts of a range, the newest last, without those that were undone. */
type Layers = readonly Layer[];

interface Layer {
  readonly decision: string;
  /** As what stands is told; undefined: a lift. */
  readonly terms: string | undefined;
}

/** What stands of a few ranges, told from decisions and undos alone. */
class Model {
  readonly #layers = new Map<string, Layers>();
  /** What undos took off, and what they left. */
  readonly #undos = new Map<string, Map<string, Taken>>();

  /** What a decision changed: how ranges stand by now. */
  decided(decision: string, now: ReadonlyMap<string, string>): void {
    for (const range of new Set([...this.standing.keys(), ...now.keys()])) {
      const terms = now.get(range);
      if (terms === this.#top(range)?.terms) continue;
      this.#put(range, [...this.#of(range), { decision, terms }]);
    }
  }

  undo(decision: string, by: string): void {
    const taken = this.#undos.get(decision);
    const mine = new Map<string, Taken>();
    this.#undos.set(by, mine);
    for (const range of this.#layers.keys()) {
      const layers = this.#of(range);
      const top = layers.at(-1);
      const undone = taken?.get(range);
      if (undone ? undone.left !== top?.terms : top?.decision !== decision) {
        continue;
      }
      const again = undone?.off;
      this.#put(range, again ? [...layers, again] : layers.slice(0, -1));
      const left = this.#top(range)?.terms;
      mine.set(range, { off: again ? undefined : top, left });
    }
  }

  get standing(): ReadonlyMap<string, string> {
    const all = [...this.#layers.keys()].flatMap((range) => {
      const terms = this.#top(range)?.terms;
      return terms === undefined ? [] : [[range, terms] as const];
    });
    return new Map(all);
  }

  #of(range: string): Layers {
    return this.#layers.get(range) ?? [];
  }

  #top(range: string): Layer | undefined {
    return this.#of(range).at(-1);
  }

  #put(range: string, layers: Layers): void {
    this.#layers.set(range, layers);
  }
}

interface Taken {
  /** Undefined: it put one on again. */
  readonly off: Layer | undefined;
  /** The terms that stand thereby. */
  readonly left: string | undefined;
}
