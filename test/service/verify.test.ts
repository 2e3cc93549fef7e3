import { createServer } from "node:http";
import { expect, it, test } from "@jest/globals";
import type { Positions } from "../../service/control/positions.js";
import { HostProcess } from "../support/agent/host-process.js";

const hash = (digit: string) => digit.repeat(64);
const TIME = "2026-11-28T03:00:00.000Z";
const place = (offset: number, digit = "a", epoch = "e1") => ({
  ...{ epoch, offset, hash: hash(digit) },
});
const head = (offset: number, digit = "a", epoch = "e1") => ({
  ...{ ...place(offset, digit, epoch), time: TIME },
});

type Feed = Positions["feeds"][number];

const verified = async (feed: Omit<Feed, "feed">) => {
  using host = new HostProcess();
  const root = { version: 1, fingerprint: hash("0") };
  const answer = { root, feeds: [{ feed: "urgent", ...feed }] };
  const agent = createServer((_request, response) =>
    response.end(JSON.stringify(answer)),
  );
  await new Promise<void>((done) => agent.listen(host.socket, done));
  const told = await host.tourniquet("verify");
  agent.close();
  return told;
};

test.each<[string, Omit<Feed, "feed">, RegExp]>([
  [
    "an empty feed agrees",
    { position: null, head: head(0), seen: [] },
    /empty +empty, as the cloud says$|as the cloud says$/m,
  ],
  [
    "a segment that came after the latest head is no difference",
    { position: place(9, "b"), head: head(8), seen: [place(8)] },
    /newer than the cloud's latest word of it: e1\/8 at 2026-11-28T03:00:00Z$/m,
  ],
  [
    "a host that is behind is being caught up with",
    { position: place(7, "b"), head: head(8), seen: [] },
    /being caught up with: the cloud is at e1\/8/,
  ],
  [
    "an epoch that began anew is no difference either",
    { position: place(7), head: head(1, "b", "e2"), seen: [] },
    /the cloud began anew: it is at e2\/1/,
  ],
])("%s", async (_, feed, text) => {
  const { code, stdout, stderr } = await verified(feed);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(text);
});

it("another hash at the same place is a difference, and fails", async () => {
  const { code, stderr } = await verified({
    ...{ position: place(8, "b"), head: head(8), seen: [] },
  });
  expect(code).toBe(1);
  expect(stderr).toContain("urgent diverges at e1/8");
});
