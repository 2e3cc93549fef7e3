import { describe, expect, it } from "@jest/globals";
import { NO_RESERVE } from "../../../cloud/disk/room.js";
import { Followers } from "../../../cloud/journal/followers.js";
import { ManualClock } from "../../support/time/clock.js";
import { foldOf } from "./fold.js";

describe("those who follow a log", () => {
  it("lag, and hear of it later, where a disk fails over what they are told", async () => {
    const clock = new ManualClock();
    const records: { readonly seq: number }[] = [];
    let readable = Infinity;
    using followers = new Followers({
      ...{ clock, disk: NO_RESERVE, last: () => records.length },
      after: (seq, limit) => {
        if (readable-- > 0) return records.slice(seq, seq + limit);
        throw Object.assign(new Error("disk I/O error"), {
          code: "SQLITE_IOERR_READ",
        });
      },
    });
    const fold = await foldOf({
      follow: (each) => Promise.resolve(followers.follow(each)),
    });
    const heard: number[] = [];
    followers.subscribe((news) => heard.push(...news.map(({ seq }) => seq)));
    fold.full = true;
    records.push({ seq: 1 });
    expect(followers.isLevel(NO_RESERVE)).toBe(false);

    fold.full = false;
    readable = 1; // for the fold, and not for who listens
    await clock.advance(1_000);
    expect(fold.taken).toEqual([1]);
    expect(heard).toEqual([]);
    expect(followers.lag).toBeDefined();
    expect(() => followers.mustBeLevel(NO_RESERVE)).toThrow("event 1");

    readable = Infinity;
    await clock.advance(1_000);
    expect(heard).toEqual([1]);
    expect(followers.lag).toBeUndefined();
  });
});
