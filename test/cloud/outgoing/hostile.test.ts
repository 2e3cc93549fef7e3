import { describe, expect, it } from "@jest/globals";
import { everyHostileUrl } from "../../support/cloud/hostile-urls.js";

describe("a user of the outgoing door", () => {
  it("comes to no harm by any hostile URL or answer", async () => {
    const names = new Set<string>();
    await everyHostileUrl(async (url, { door }) => {
      try {
        await (await door.fetch(url)).text();
      } catch (error) {
        names.add((error as Error).name);
        throw error;
      }
    });
    expect([...names].sort()).toEqual(["OutgoingFailed", "OutgoingRefused"]);
  });

  it("is caught when it goes another way", async () => {
    const astray = everyHostileUrl(async (url) => {
      if (url.startsWith("http://127.0.0.2:")) await fetch(url);
      throw new Error("nothing came of it");
    });
    await expect(astray).rejects.toThrow("led to where nobody may go");
  });

  it("is caught when it takes an answer for good", async () => {
    const credulous = everyHostileUrl(async (url, { door }) => {
      await door.fetch(url);
    });
    await expect(credulous).rejects.toThrow("was taken for good");
  });
});
