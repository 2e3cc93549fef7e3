import { describe, expect, it } from "@jest/globals";
import { formatCidr, parseAddress, type Cidr } from "../../agent/model/cidr.js";
import {
  isSuspect,
  sift,
  type Candidate,
} from "../../agent/sessions/search.js";
import { AddressSet, CidrSet } from "../../agent/sessions/cidr-set.js";

const address = (text: string) => parseAddress(text)!;

describe("a search", () => {
  it("suspects nobody within this host", () => {
    const suspects = new CidrSet("all");
    const own = new AddressSet([address("192.0.2.1")]);
    const is = (text: string) => isSuspect({ suspects, own }, address(text));
    for (const here of [
      ...["127.0.0.1", "127.9.9.9", "::1", "192.0.2.1"],
      ...["0.0.0.0", "::"],
    ]) {
      expect([here, is(here)]).toEqual([here, false]);
    }
    for (const there of ["192.0.2.2", "128.0.0.1", "::2", "1::1", "0.0.0.1"]) {
      expect([there, is(there)]).toEqual([there, true]);
    }
  });
});

describe("sifting", () => {
  it("asks of each address once, and keeps what has one that is dropped", async () => {
    const asked: string[] = [];
    const { kept, more } = await sift(
      candidates(
        ["one", "192.0.2.1", "192.0.2.2"],
        ["two", "192.0.2.3"],
        ["three", "192.0.2.2"],
        ["four", "2001:db8::1", "192.0.2.3"],
      ),
      (addresses) => {
        asked.push(...addresses.map(formatCidr));
        return answer(addresses, "192.0.2.2", "2001:db8::1");
      },
    );
    expect(kept).toEqual(["one", "three", "four"]);
    expect(more).toBe(false);
    expect(asked).toEqual([
      ...["192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::1"],
    ]);
  });

  it("keeps a bounded number in mind, and says that there may be more", async () => {
    let listed = 0;
    async function* endless() {
      for (;;) {
        listed++;
        yield* candidates([listed, "192.0.2.1"]);
      }
    }
    const sifted = await sift(endless(), (it) => answer(it, "192.0.2.1"));
    expect(sifted.more).toBe(true);
    expect(sifted.kept.length).toBe(16_384);
    expect(listed).toBe(16_384);
  });

  it("asks nothing where nothing was found", async () => {
    const sifted = await sift(candidates(), () =>
      Promise.reject(new Error("asked")),
    );
    expect(sifted).toEqual({ kept: [], more: false });
  });
});

// eslint-disable-next-line @typescript-eslint/require-await -- a stream by type
async function* candidates<T>(
  ...given: (readonly [T, ...string[]])[]
): AsyncGenerator<Candidate<T>, void> {
  for (const [session, ...remotes] of given) {
    yield { session, remotes: remotes.map(address) };
  }
}

function answer(addresses: readonly Cidr[], ...dropped: string[]) {
  const verdicts = addresses.map((it) => dropped.includes(formatCidr(it)));
  return Promise.resolve(verdicts);
}
