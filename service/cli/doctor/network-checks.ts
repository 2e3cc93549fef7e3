import { lookup } from "node:dns/promises";
import { request as httpRequest, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { Config } from "../../../agent/config/config.js";
import { messageOf } from "../../../agent/text/message.js";
import { spanText } from "../../../agent/text/time.js";
import { proxyName } from "../../../agent/uplink/proxy.js";
import { reach, type Way } from "../../../agent/uplink/reach.js";
import { strangeAnswer } from "../../../agent/uplink/strange-answer.js";
import {
  ProxyFailed,
  silentServers,
  whyUnreachable,
} from "../../../agent/uplink/unreachable.js";
import { wayOf } from "../../cloud-way.js";
import { good, wrong, type Check } from "./check.js";

type Environment = Readonly<Record<string, string | undefined>>;

/** The name, the proxy, the way, TLS, and what the cloud's clock says: in this order. */
export async function networkChecks(
  cloudUrl: string,
  settings: Config["cloud"],
  env: Environment,
): Promise<readonly Check[]> {
  const url = new URL(cloudUrl.replace(/^ws/, "http"));
  const way = wayIn(settings);
  if ("check" in way) return [way];
  // Behind a proxy only that one has to know the cloud's name.
  const name = await nameCheck(way.proxy?.url ?? url);
  if (name.state === "bad") return [name];
  return [name, ...(await cloudChecks(url, way, env))];
}

function wayIn(cloud: Config["cloud"]): Way | Check {
  try {
    return wayOf({ cloud });
  } catch (error) {
    return wrong("bad", "cloud", [
      messageOf(error),
      "the agent does not start with that, nor was the cloud asked",
      "mend that file, or the setting that names it; if it is this user who may not read it, run it with sudo",
    ]);
  }
}

async function nameCheck({ hostname }: URL): Promise<Check> {
  const host = hostname.replace(/^\[|\]$/g, "");
  try {
    const found = await Promise.race([lookup(host, { all: true }), silence()]);
    const addresses = found.map(({ address }) => address).join(", ");
    return good("dns", addresses === host ? host : `${host} is ${addresses}`);
  } catch (error) {
    return wrong("bad", "dns", [
      `${host}: ${whyUnreachable(error as Error, { now: Date.now() })}`,
      "the cloud is not found: no new bans come, those in force stay until they expire",
      "see /etc/resolv.conf, and whether the network is up",
    ]);
  }
}

/** A resolver tries each server several times, which takes half a minute. */
const silence = (): Promise<never> =>
  new Promise((_, reject) =>
    setTimeout(() => reject(new Error(silentServers())), TIMEOUT_MS).unref(),
  );

/** A variable that is set for a shell says nothing of the agent's unit. */
function proxyCheck({ proxy }: Way, url: URL, env: Environment): Check {
  if (proxy !== undefined) {
    return good("proxy", `${proxyName(proxy)} leads to ${url.host}`);
  }
  const set = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"].filter(
    (name) => (env[name] ?? "") !== "",
  );
  if (set.length === 0) return good("proxy", "none is configured");
  return wrong("warning", "proxy", [
    `${set.join(", ")} is set in this shell, and cloud.proxy in no file`,
    "the agent goes by its configuration alone, not by the environment",
    "if this host reaches the cloud by a proxy only, name it as cloud.proxy in config.yaml",
  ]);
}

async function cloudChecks(
  url: URL,
  way: Way,
  env: Environment,
): Promise<readonly Check[]> {
  const now = Date.now();
  try {
    const stream = await reach(url, way, { timeoutMs: TIMEOUT_MS, now });
    const response = await answerOn(stream, url);
    const proxy = proxyCheck(way, url, env);
    const strange = strangeAnswer(response);
    if (strange !== undefined) return [proxy, notTheCloud(url, strange)];
    return [proxy, tlsCheck(url, stream), timeCheck(response, now)];
  } catch (error) {
    const why = whyUnreachable(error as Error, { now });
    if (error instanceof ProxyFailed) return [proxyFailed(why)];
    return [proxyCheck(way, url, env), notReached(url, why)];
  }
}

const NOTHING_NEW =
  "no new bans come from there; those in force stay until they expire";

const notReached = ({ host }: URL, why: string): Check =>
  wrong("bad", "cloud", [
    `${host}: ${why}`,
    NOTHING_NEW,
    "mend that way, or ask your vendor whether the cloud is up",
  ]);

const notTheCloud = ({ host }: URL, strange: string): Check =>
  wrong("bad", "cloud", [
    `${host}: ${strange}`,
    NOTHING_NEW,
    "sign in to that network, or have it let this host through to the cloud",
  ]);

const proxyFailed = (why: string): Check =>
  wrong("bad", "proxy", [
    why,
    NOTHING_NEW,
    "see cloud.proxy in config.yaml, or ask who runs the proxy",
  ]);

/** What a cloud says to who asks where agents connect to, and does not connect. */
function answerOn(stream: Socket, url: URL): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const asked = httpRequest(new URL("/v1/agent", url), {
      createConnection: () => stream,
      protocol: "http:", // what encrypts is below it already
      headers: { host: url.host },
      timeout: TIMEOUT_MS,
    });
    asked.on("response", (response) => {
      response.resume();
      response.on("error", () => undefined);
      resolve(response);
    });
    const late = () =>
      asked.destroy(
        Object.assign(new Error("no answer in time"), { code: "ETIMEDOUT" }),
      );
    asked.on("timeout", late);
    asked.on("error", reject);
    asked.end();
  });
}

function tlsCheck({ host }: URL, socket: Socket): Check {
  if (!(socket instanceof TLSSocket)) {
    return good("cloud", `${host} answers, without TLS`);
  }
  const { valid_to: validTo } = socket.getPeerCertificate();
  const left = Date.parse(validTo) - Date.now();
  const found = `${host} answers; its certificate lasts for ${spanText(left)}`;
  if (left > SOON_MS) return good("cloud", found);
  return wrong("warning", "cloud", [
    found,
    "after that this host does not believe it, and gets no new bans",
    "tell who runs the cloud to renew it",
  ]);
}

/** By the date that any answer carries, which is of the second. */
function timeCheck(response: IncomingMessage, now: number): Check {
  const theirs = Date.parse(response.headers.date ?? "");
  if (Number.isNaN(theirs)) {
    return wrong("unknown", "time", [
      "the cloud's answer has no date",
      "this clock was compared with none",
      "see timedatectl, if you doubt it",
    ]);
  }
  const off = Math.abs(now - theirs);
  if (off < MOST_OFF_MS)
    return good("time", "this clock agrees with the cloud's");
  const side = now > theirs ? "ahead of" : "behind";
  return wrong(off > DAY_MS ? "bad" : "warning", "time", [
    `this clock is ${spanText(off)} ${side} the cloud's`,
    "what it signs may look too old or too new; bans last by the cloud's time",
    "set it: timedatectl set-ntp true",
  ]);
}

const TIMEOUT_MS = 5_000;
const DAY_MS = 86_400_000;
const SOON_MS = 7 * DAY_MS;
const MOST_OFF_MS = 30_000;

/** A host that is not enrolled has no cloud to ask. */
export const notEnrolled = (why: unknown): Check =>
  wrong("unknown", "cloud", [
    `which cloud this host has could not be read: ${messageOf(why)}`,
    "its name, its certificate and its time were not looked at",
    "run it with sudo; if this host has none yet: tourniquet enrol",
  ]);
