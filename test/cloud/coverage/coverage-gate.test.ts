import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import {
  CoverageBusy,
  CoverageGate,
} from "../../../cloud/coverage/coverage-gate.js";

/** Asks whose answers end when they are told. */
class Asked {
  readonly #gate = new CoverageGate();
  readonly begun: string[] = [];
  readonly #ends = new Map<string, () => void>();

  ask(
    org: string | null,
    credential: string,
    gone = new AbortController().signal,
  ): Promise<void> {
    return this.#gate.run({ org, credential }, gone, () => {
      this.begun.push(credential);
      return new Promise<void>((end) => this.#ends.set(credential, end));
    });
  }

  async end(credential: string): Promise<void> {
    this.#ends.get(credential)?.();
    await nextTurn();
  }
}

describe("who asks who holds what", () => {
  it("waits behind their own org, however many credentials that has", async () => {
    const asked = new Asked();
    const acme = Array.from({ length: 128 }, (_, n) => `acme${n}`);
    const told = Promise.allSettled(
      acme.map((each) => asked.ask("acme", each)),
    );
    const others = ["a", "b", "c"].map((org) => asked.ask(org, `of ${org}`));
    const vendor = asked.ask(null, "vendor");
    expect(asked.begun).toEqual(["acme0", "of a", "of b", "vendor"]);
    await asked.end("of a");
    await asked.end("of b");
    for (const each of ["vendor", "of c"]) await asked.end(each);
    for (const each of acme.slice(0, 9)) await asked.end(each);
    await Promise.all([...others, vendor]);
    const refused = (await told).flatMap((each) =>
      each.status === "rejected" ? [each.reason as unknown] : [],
    );
    expect(refused).toHaveLength(128 - 9);
    expect(refused[0]).toBeInstanceOf(CoverageBusy);
  });

  it("finds a place, though all of the vendor's people ask at once", async () => {
    const asked = new Asked();
    const ours = Array.from({ length: 8 }, (_, n) => `vendor${n}`);
    const all = ours.map((each) => asked.ask(null, each));
    all.push(asked.ask("acme", "acme"));
    expect(asked.begun).toEqual([...ours.slice(0, 3), "acme"]);
    for (const each of ["acme", ...ours]) await asked.end(each);
    await Promise.all(all);
  });

  it("is answered no more once they have gone", async () => {
    const asked = new Asked();
    const first = asked.ask("acme", "first");
    const client = new AbortController();
    const gone = asked.ask("acme", "gone", client.signal);
    client.abort();
    await expect(gone).rejects.toThrow(CoverageBusy);
    await asked.end("first");
    await first;
    expect(asked.begun).toEqual(["first"]);
  });
});
