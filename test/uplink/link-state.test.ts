import { describe, expect, it, test } from "@jest/globals";
import { next, type LinkState } from "../../agent/uplink/link-state.js";

const backoff = { kind: "backoff" } as const;
const lost = (now: number) =>
  ({ kind: "lost", now, patience: backoff }) as const;
const opened = (now: number) => ({ kind: "opened", now }) as const;
const waited = { kind: "waited" } as const;

const dialing: LinkState = { at: "dialing", failures: 2 };
const open: LinkState = { at: "open", failures: 2, since: 1_000 };
const waiting: LinkState = { at: "waiting", failures: 3, patience: backoff };

describe("the link's state", () => {
  test.each([
    ["dialing, opened", dialing, opened(1_000), open],
    ["dialing, lost", dialing, lost(1_000), waiting],
    ["dialing, waited", dialing, waited, dialing],
    ["open, opened again", open, opened(9_000), open],
    ["open, lost too soon", open, lost(60_999), waiting],
    ["open, waited", open, waited, open],
    ["waiting, opened", waiting, opened(1_000), waiting],
    ["waiting, lost again", waiting, lost(1_000), waiting],
    ["waiting, waited", waiting, waited, { at: "dialing", failures: 3 }],
  ] as const)("%s", (_name, state, event, expected) => {
    expect(next(state, event)).toEqual(expected);
  });

  it("forgets failures after a minute of being open", () => {
    expect(next(open, lost(61_000))).toEqual({ ...waiting, failures: 1 });
  });
});
