import { describe, expect, it } from "@jest/globals";
import { Progress } from "../../service/terminal/progress.js";

/** A terminal, or not, and a clock that is set by hand. */
function shownOn(isTTY: boolean) {
  const written: string[] = [];
  const at = { ms: 0 };
  const write = (text: string) => {
    written.push(text);
    return true;
  };
  const progress = new Progress({ isTTY, write }, () => at.ms);
  return { written, at, progress };
}

describe("progress", () => {
  it("tells how far, how fast and how long, from the second second on", () => {
    const { written, at, progress } = shownOn(true);
    at.ms = 900;
    progress.show(9_000, 60_000);
    expect(written).toEqual([]);
    at.ms = 1_000;
    progress.show(10_000, 60_000);
    at.ms = 1_100; // too soon after the last
    progress.show(11_000, 60_000);
    at.ms = 1_200;
    progress.show(12_000, undefined);
    progress.end();
    progress.end();
    expect(written).toEqual([
      "\r\u001b[K10,000 of 60,000, 10,000 a second, 5 s left",
      "\r\u001b[K12,000, 10,000 a second",
      "\r\u001b[K",
    ]);
  });

  it("is silent where nobody watches", () => {
    const { written, at, progress } = shownOn(false);
    at.ms = 5_000;
    progress.show(1, 2);
    progress.end();
    expect(written).toEqual([]);
  });
});
