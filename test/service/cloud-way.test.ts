import { chmodSync } from "node:fs";
import { describe, expect, it, test } from "@jest/globals";
import { parseConfig } from "../../agent/config/config.js";
import { wayOf } from "../../service/cloud-way.js";
import { TestFolder } from "../support/folder.js";

const PROXY = "http://proxy.example:3128";

/** A file of credentials with this mode, and the way by it. */
function wayBy(text: string, mode: number) {
  using folder = new TestFolder();
  const proxyCredentialsFile = folder.file("proxy", text);
  chmodSync(proxyCredentialsFile, mode);
  const cloud = { proxy: PROXY, proxyCredentialsFile };
  return wayOf(parseConfig({ cloud }, "test"));
}

describe("the way to the cloud", () => {
  it("is direct unless a proxy is named", () => {
    const direct = { ca: undefined, proxy: undefined };
    expect(wayOf(parseConfig({}, "test"))).toEqual(direct);
    expect(wayOf(parseConfig({ cloud: { proxy: PROXY } }, "test"))).toEqual({
      ca: undefined,
      proxy: { url: new URL(PROXY), credentials: undefined },
    });
  });

  it("has a proxy's credentials from a file that others may not read", () => {
    for (const mode of [0o400, 0o600, 0o640]) {
      const { proxy } = wayBy("me:with:colon\n", mode);
      expect(proxy?.credentials).toBe("me:with:colon");
    }
    for (const mode of [0o644, 0o604, 0o620, 0o602]) {
      expect(() => wayBy("me:secret", mode)).toThrow(
        /^cloud\.proxyCredentialsFile: .*\/proxy may be read or written by others; chmod 640 \//,
      );
    }
  });

  test.each(["", "no colon", ":nobody", "me:a\nb:c", `me:${"x".repeat(1022)}`])(
    "takes no file that holds other than credentials (%#)",
    (text) => {
      const read = () => wayBy(text, 0o600);
      expect(read).toThrow(/does not hold one line "user:password"/);
      if (text !== "") expect(read).not.toThrow(text);
    },
  );

  it("names the setting whose file is not there", () => {
    const of = (cloud: object) => () => wayOf(parseConfig({ cloud }, "test"));
    expect(of({ caFile: "/no/ca" })).toThrow(/^cloud\.caFile: ENOENT/);
    expect(of({ proxy: PROXY, proxyCredentialsFile: "/no/p" })).toThrow(
      /^cloud\.proxyCredentialsFile: ENOENT/,
    );
  });

  test.each([
    ["http://me:secret@proxy.example", /must have no user and password in it/],
    ["proxy.example:3128", /must be a URL such as/],
    ["socks5://proxy.example", /must be a URL such as/],
    ["http://proxy.example/path", /must be a URL such as/],
    ["http://proxy.example:99999", /must be a URL such as/],
  ])("takes no proxy like %s, and repeats no secret", (proxy, why) => {
    const read = () => parseConfig({ cloud: { proxy } }, "test");
    expect(read).toThrow(why);
    expect(read).not.toThrow(/secret/);
  });
});
