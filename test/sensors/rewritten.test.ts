import {
  appendFileSync,
  copyFileSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { failed, SensorWorld, stamp } from "../support/agent/sensor-world.js";
import { until } from "../support/time/clock.js";

describe("a log", () => {
  let world: SensorWorld;

  beforeEach(async () => {
    world = new SensorWorld();
    await world.open();
  });
  afterEach(() => world.close());

  describe("and was written anew", () => {
    const old = () =>
      [9, 8, 7, 6, 5]
        .map(
          (day, pid) =>
            `${stamp(day * 86_400_000)} web1 ${failed("198.51.100.4", pid)}\n`,
        )
        .join("");
    const fresh = () =>
      [1, 2, 3, 4]
        .map((pid) => `${stamp()} web1 ${failed("198.51.100.5", pid)}\n`)
        .join("");

    /** After it, somebody who was not in the log fails, and is banned alone. */
    async function settled(): Promise<readonly string[]> {
      world.fail("198.51.100.99");
      await until("the marker", () => world.banned.includes("198.51.100.99"));
      return world.banned;
    }

    it.each([
      ["by sed -i", () => rewrite((text) => text.replaceAll("web1", "web2"))],
      ["by a copy that takes its name", () => rewrite((text) => text)],
      [
        "by who copies its end into it",
        () =>
          writeFileSync(
            world.path,
            readFileSync(world.path, "utf8").slice(700),
          ),
      ],
      [
        "by who truncates it, and writes it again",
        () => writeFileSync(world.path, readFileSync(world.path)),
      ],
      [
        "by who appends it to itself",
        () => writeFileSync(world.path, old().repeat(2), { flag: "a" }),
      ],
    ])(
      "makes nothing new of what is old, nor of what was read: %s",
      async (_, change) => {
        writeFileSync(world.path, old());
        await world.startAlone();
        appendFileSync(world.path, fresh());
        await until("four are read", () => world.view().failures === 4);
        change();
        expect(await settled()).toEqual(["198.51.100.99"]);
      },
    );

    it("is read from its start after a rotation", async () => {
      await world.startAlone();
      appendFileSync(world.path, fresh());
      await until("four are read", () => world.view().failures === 4);
      renameSync(world.path, `${world.path}.1`);
      writeFileSync(
        world.path,
        `${stamp()} web1 ${failed("198.51.100.5", 9)}\n`,
      );
      await until("a ban", () => world.banned.length > 0);
      expect(world.banned).toEqual(["198.51.100.5"]);
    });

    function rewrite(change: (text: string) => string): void {
      copyFileSync(world.path, `${world.path}.new`);
      writeFileSync(
        `${world.path}.new`,
        change(readFileSync(world.path, "utf8")),
      );
      renameSync(`${world.path}.new`, world.path);
    }
  });
});
