import { chmodSync } from "node:fs";
import { expect, it } from "@jest/globals";
import { HostProcess } from "../support/agent/host-process.js";
import { startTestCloud } from "../support/cloud/cloud.js";
import { HttpProxy } from "../support/cloud/http-proxy.js";

it("a host behind a proxy enrols and follows its cloud through it", async () => {
  await using cloud = await startTestCloud();
  await using proxy = await HttpProxy.start();
  using host = new HostProcess();
  const credentials = host.folder.file("proxy", "host:secret-of-proxy\n");
  chmodSync(credentials, 0o600);
  host.folder.file(
    "config.yaml",
    [
      `stateDir: ${host.stateDir}`,
      `controlSocket: ${host.socket}`,
      "enforce: { backend: dry-run }",
      "cloud:",
      `  proxy: ${proxy.url.origin}`,
      `  proxyCredentialsFile: ${credentials}`,
    ].join("\n"),
  );
  const token = host.folder.file(
    "token",
    await cloud.token(await cloud.addOrg("example")),
  );
  const enrolled = await host.tourniquet("enrol", "--token-file", token);
  expect(enrolled).toMatchObject({ code: 0, stderr: "" });
  expect(proxy.led).toHaveLength(1);

  await using _running = host.run();
  await host.connected();
  expect(proxy.led.length).toBeGreaterThan(1);
  const said = `Basic ${Buffer.from("host:secret-of-proxy").toString("base64")}`;
  for (const asked of proxy.asked) {
    expect(asked["proxy-authorization"]).toBe(said);
  }
  // The secret is in its file, and in nothing that a person or a collector reads.
  for (const command of [
    ["config", "show", "--json"],
    ["status", "--json"],
    ["doctor", "--json"],
  ]) {
    const { stdout, stderr } = await host.tourniquet(...command);
    expect(stdout).not.toBe("");
    expect(stdout + stderr).not.toContain("secret-of-proxy");
  }
}, 90_000);
