import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "@jest/globals";
import { describeInNamespace } from "../support/kernel/namespace.js";

describeInNamespace("cutting sessions", () => {
  const ability = async (...wrap: string[]) => {
    const source = `
      const { loadLibc } = await import("${MODULES}/runtime/libc.js");
      const { Sessions } = await import("${MODULES}/sessions/sessions.js");
      const sessions = new Sessions(await loadLibc());
      const cut = await sessions.cut("all", async () => []);
      console.log(JSON.stringify({ ...sessions.ability, cut }));`;
    const node = [process.execPath, "--input-type=module", "-e", source];
    const [program = "", ...args] = [...wrap, ...node];
    const { stdout } = await promisify(execFile)(program, args);
    return JSON.parse(stdout) as unknown;
  };

  it("takes CAP_NET_ADMIN and a kernel that can", async () => {
    const can = { can: true };
    expect(await ability()).toEqual({
      ...{ tcp: can, udp: can, flows: can },
      cut: NOTHING,
    });
  });

  it("is impossible without CAP_NET_ADMIN, and the ability says so", async () => {
    const cannot = { can: false, why: "the process lacks CAP_NET_ADMIN" };
    const without = ["setpriv", "--bounding-set", "-net_admin"];
    expect(await ability(...without)).toEqual({
      ...{ tcp: cannot, udp: cannot, flows: cannot },
      cut: NOTHING,
    });
  });
});

const MODULES = new URL("../../agent", import.meta.url).href;
const NOTHING = { sockets: 0, flows: 0 };
