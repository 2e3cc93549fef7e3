import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { Lab, type LabCloud, type LabHost } from "../../scripts/lab/lab.js";
import { Namespace } from "../../scripts/lab/namespace.js";
import { output, until } from "../../scripts/lab/run.js";
import type { HitView } from "../../service/control/hits-view.js";
import type { WhyView } from "../../service/control/why-view.js";
import { Caller } from "../support/kernel/caller.js";
import { describeInNamespace } from "../support/kernel/namespace.js";

const BANNED = "10.9.0.2";
const PORT = 7000;

describeInNamespace("a process that calls a banned server", () => {
  let lab: Lab;
  let cloud: LabCloud;
  let host: LabHost;
  let server: Namespace;
  let caller: Caller;

  beforeAll(async () => {
    server = await Namespace.linked(
      { here: ["10.9.0.1/24"], there: [`${BANNED}/24`] },
      PORT,
    );
    lab = new Lab();
    cloud = await lab.startCloud({ port: 18_460 });
    host = await lab.startHost(cloud, "host");
    const reason = "command and control";
    const ban = { ranges: ["10.9.0.2/31"], for: "1h", reason };
    await cloud.api("POST", "/api/v1/bans", ban);
    await until("the ban", async () => {
      const [first] = (await why(BANNED)).bans;
      return first;
    });
    caller = new Caller({ how: "tcp", to: BANNED, port: PORT });
  });

  afterAll(async () => {
    await caller[Symbol.asyncDispose]();
    await tourniquet("clean-up");
    await lab[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  it("is shown by tourniquet hits --out, with its name", async () => {
    const hit = await until("the caller", async () => {
      const lines = await tourniquet("hits", "--out", "--json");
      const [first] = lines.trim().split("\n");
      const found = JSON.parse(first ?? "") as HitView;
      return found.callers.length > 0 ? found : undefined;
    });
    expect(hit).toMatchObject({
      ...{ remote: BANNED, direction: "out", forwarded: false },
      ...{ observed: false, protocol: "tcp", port: PORT },
      callers: [{ process: "caller", pid: caller.pid, uid: 0, begun: true }],
    });
    expect(await tourniquet("hits", "--out")).toMatch(
      /^address .*\n10\.9\.0\.2 +out +tcp +7000 +\d+ +\d+ +dropped +caller\[\d+\]/,
    );
  });

  it("is told of by tourniquet why, with the ban and what the kernel does", async () => {
    expect(await why(BANNED)).toMatchObject({
      ...{ range: BANNED, dropped: "yes", mode: "enforce", protectedBy: null },
      bans: [
        {
          ...{ range: "10.9.0.2/31", feed: "urgent", state: "enforced" },
          ...{ reason: "command and control", rule: null },
        },
      ],
      hits: [{ port: PORT, callers: [{ process: "caller" }] }],
    });
    expect(await tourniquet("why", BANNED)).toMatch(
      /^10\.9\.0\.2 is dropped: the kernel says so\n/,
    );
    const own = await why("10.9.0.1");
    expect(own).toMatchObject({ dropped: "no", protectedBy: "this-host" });
    expect(await why("192.0.2.1")).toMatchObject({ dropped: "no", bans: [] });
  });

  it("raises an alarm in the cloud, which names it", async () => {
    type Contacts = { items: Record<string, unknown>[] };
    const [contact] = await until("the contact", async () => {
      const path = `/api/v1/contacts?range=${BANNED}`;
      const { items } = await cloud.api<Contacts>("GET", path);
      return items.length > 0 ? items : undefined;
    });
    expect(contact).toMatchObject({
      ...{ range: BANNED, protocol: 6, port: PORT, process: "caller" },
      ...{ begun: true, observed: false, org: "acme" },
    });
    type Agents = { items: { report: { health: { code: string }[] } }[] };
    await until("the alarm", async () => {
      const { items } = await cloud.api<Agents>("GET", "/api/v1/agents");
      const codes = items[0]?.report.health.map(({ code }) => code);
      return codes?.includes("banned-contacted") ? codes : undefined;
    });
  });

  it("is explained from ledger and kernel when the agent has gone", async () => {
    host.process?.kill("SIGTERM");
    await host.process?.ended;
    expect(await why(BANNED)).toMatchObject({
      ...{ dropped: "yes", unknown: null },
      bans: [{ range: "10.9.0.2/31" }],
      hits: [{ port: 0, callers: [] }], // only the agent knew who called what
    });
    expect(await why("10.9.0.1")).toMatchObject({
      ...{ dropped: "no", protectedBy: "this-host" },
    });
  });

  const tourniquet = (...words: string[]) => output(host.command(...words));

  const why = async (address: string): Promise<WhyView> =>
    JSON.parse(await tourniquet("why", address, "--json")) as WhyView;
});
