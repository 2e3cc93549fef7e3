import { lookup } from "node:dns/promises";
import { readFileSync } from "node:fs";
import { get as getHttp, type IncomingMessage } from "node:http";
import { get as getHttps } from "node:https";
import { TLSSocket } from "node:tls";
import { messageOf } from "../../../agent/text/message.js";
import { spanText } from "../../../agent/text/time.js";
import { whyUnreachable } from "../../terminal/unreachable.js";
import { good, wrong, type Check } from "./check.js";

export interface CloudWay {
  /** As the identity has it. */
  readonly url: string;
  /** PEM file of authorities; undefined for the system's. */
  readonly caFile: string | undefined;
}

/** The name, the way, TLS, and what the cloud's clock says: in this order. */
export async function networkChecks(
  way: CloudWay,
  env: Readonly<Record<string, string | undefined>>,
): Promise<readonly Check[]> {
  const url = new URL(way.url.replace(/^ws/, "http"));
  const name = await nameCheck(url);
  const proxy = proxyCheck(env);
  if (name.state === "bad") return [name, proxy];
  return [name, proxy, ...(await cloudChecks(url, way))];
}

async function nameCheck({ hostname }: URL): Promise<Check> {
  const host = hostname.replace(/^\[|\]$/g, "");
  try {
    const found = await lookup(host, { all: true });
    const addresses = found.map(({ address }) => address).join(", ");
    return good("dns", addresses === host ? host : `${host} is ${addresses}`);
  } catch (error) {
    return wrong("bad", "dns", [
      `${host}: ${whyUnreachable(error as Error, CA_SETTING)}`,
      "the cloud is not found: no new bans come, those in force stay until they expire",
      "see /etc/resolv.conf, and whether the network is up",
    ]);
  }
}

/** A variable that is set for a shell says nothing of the agent's unit. */
function proxyCheck(env: Readonly<Record<string, string | undefined>>): Check {
  const set = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"].filter(
    (name) => (env[name] ?? "") !== "",
  );
  if (set.length === 0) return good("proxy", "none is set in this shell");
  return wrong("warning", "proxy", [
    `${set.join(", ")} is set in this shell`,
    "the agent goes by its configuration alone, not by the environment",
    "if this host reaches the cloud by a proxy only, settle that in config.yaml",
  ]);
}

async function cloudChecks(
  url: URL,
  { caFile }: CloudWay,
): Promise<readonly Check[]> {
  try {
    const ca = caFile === undefined ? undefined : readFileSync(caFile, "utf8");
    const response = await responseOf(url, ca);
    return [tlsCheck(url, response), timeCheck(response, Date.now())];
  } catch (error) {
    return [
      wrong("bad", "cloud", [
        `${url.host}: ${whyUnreachable(error as Error, CA_SETTING)}`,
        "no new bans come from there; those in force stay until they expire",
        "mend that way, or ask your vendor whether the cloud is up",
      ]),
    ];
  }
}

function responseOf(
  url: URL,
  ca: string | undefined,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const terms = { agent: false, timeout: TIMEOUT_MS, ...(ca && { ca }) };
    const get = url.protocol === "https:" ? getHttps : getHttp;
    const asked = get(new URL("/", url), terms, (response) => {
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
  });
}

function tlsCheck({ host }: URL, { socket }: IncomingMessage): Check {
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

const CA_SETTING = "cloud.caFile";
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
