import { describe, expect, it } from "@jest/globals";
import type { SegmentSealed } from "../../../cloud/journal/decision-events.js";
import { RecentFrames } from "../../../cloud/gateway/recent-frames.js";

describe("the frames of the newest segments", () => {
  it("are read from the disk once, however many agents ask", () => {
    const { frames, reads } = framesOver(1_000);
    for (let i = 0; i < 900; i++) {
      expect(frames.after({ ...feed, offset: i })).toHaveLength(1_000 - i);
    }
    expect(reads).toEqual([0]);
  });

  it("go on with what is made meanwhile", () => {
    const { frames, reads } = framesOver(3);
    frames.after({ ...feed, offset: 1 });
    const made = frames.add(segment(4));
    expect(frames.after({ ...feed, offset: 3 })).toEqual([made]);
    expect(frames.after({ ...feed, offset: 4 })).toEqual([]);
    expect(reads).toEqual([1]);
  });

  it("are never those of another epoch", () => {
    const { frames, reads } = framesOver(3);
    frames.after({ ...feed, offset: 0 });
    frames.add({ ...segment(1), epoch: "f" });
    expect(frames.after({ ...feed, epoch: "f", offset: 0 })).toHaveLength(1);
    expect(frames.after({ ...feed, offset: 0 })).toHaveLength(3);
    expect(reads).toEqual([0, 0]);
  });

  it("hold the newest megabyte of a feed", () => {
    const { frames, reads } = framesOver(0);
    for (let n = 1; n <= 40; n++) frames.add(segment(n, 50_000));
    expect(frames.after({ ...feed, offset: 25 })).toHaveLength(15);
    expect(reads).toEqual([]);
    frames.after({ ...feed, offset: 5 });
    expect(reads).toEqual([5]);
  });
});

const feed = { feed: "urgent", epoch: "e" } as const;

function framesOver(count: number) {
  const reads: number[] = [];
  const frames = new RecentFrames(({ offset }) => {
    reads.push(offset);
    const left = Math.max(0, count - offset);
    return Array.from({ length: left }, (_, i) => segment(offset + i + 1));
  });
  return { frames, reads };
}

const segment = (n: number, bytes = 300): SegmentSealed => ({
  ...{ kind: "segment", decision: "dec-1", ...feed, first: n, last: n },
  ...{ hash: "00", notAfter: 0, bytes: Buffer.alloc(bytes) },
});
