import { describe, expect, it } from "@jest/globals";
import { canDestroy, canList } from "../../agent/sessions/ability.js";

describe("the ability to cut sessions", () => {
  it("is there when the kernel looked for the socket to destroy", () => {
    expect(canDestroy("ENOENT")).toEqual({ can: true });
  });

  it.each(["EOPNOTSUPP", "ENOTSUP"])("lacks a kernel option on %s", (code) => {
    expect(canDestroy(code)).toEqual({
      can: false,
      why: "the kernel was built without CONFIG_INET_DIAG_DESTROY",
    });
  });

  it("names what the kernel does not have", () => {
    expect(canList(undefined, "ctnetlink")).toEqual({ can: true });
    expect(canList("EINVAL", "ctnetlink")).toEqual({
      can: false,
      why: "the kernel has no ctnetlink (EINVAL)",
    });
    expect(canList("ENOENT", "UDP diagnosis")).toEqual({
      can: false,
      why: "the kernel has no UDP diagnosis (ENOENT)",
    });
  });

  it("takes CAP_NET_ADMIN", () => {
    const cannot = { can: false, why: "the process lacks CAP_NET_ADMIN" };
    expect(canDestroy("EPERM")).toEqual(cannot);
    expect(canList("EPERM", "ctnetlink")).toEqual(cannot);
  });
});
