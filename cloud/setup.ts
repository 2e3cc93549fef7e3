import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { silentLogger } from "../agent/log/logger.js";
import { parseJson, shortText } from "../agent/protocol/shapes.js";
import { writeWhole } from "../agent/runtime/atomic-file.js";
import type { Clock } from "../agent/runtime/clock.js";
import { Lifetime } from "../agent/runtime/lifetime.js";
import { generateKey } from "../agent/trust/keys.js";
import { signText } from "../agent/trust/sign.js";
import type { CloudConfig } from "./cloud.js";
import { ContestSettings } from "./contest/settings.js";
import { CorrelationSettings } from "./decide/correlation-settings.js";
import { NEVER_LIST_HEAD } from "./decide/never.js";
import { RolloutSettings } from "./decide/rollout.js";
import { DiskSettings } from "./disk/disk.js";
import { feedBegun } from "./feeds/feeds.js";
import { filesOf } from "./folder.js";
import { BadFolder, readText, writeSecret } from "./folder.js";
import { hashOf, newId, newSecret } from "./ids.js";
import type {
  CredentialAdded,
  OperatorJoined,
} from "./journal/operator-events.js";
import { ObservationSettings } from "./journal/retention.js";
import { holdAlone } from "./journal/database.js";
import { SqliteDecisions } from "./journal/sqlite-decisions.js";
import { Operators } from "./operators/operators.js";
import { firstRoot, type FirstKeys } from "./roots/ceremony.js";
import { OutgoingSettings } from "./outgoing/settings.js";
import { addKey, writeRoot } from "./roots/root-files.js";
import { Signing } from "./roots/signing.js";
import { LoginSettings } from "./sign-in/login-settings.js";
import { isLoopback } from "./server.js";
import { openLogs } from "./store.js";
import { logBegun } from "./tree/log-begun.js";
import { TelemetrySettings } from "./telemetry/allowances.js";
import { TwoPersonsSettings } from "./two-persons/settings.js";

/** Where agents are told to go, or what listens there, would not do. */
export class BadAddress extends Error {
  override readonly name = "BadAddress";
}

/** What a new cloud is to be. */
export interface Founding {
  readonly dir: string;
  readonly name: string;
  /** "host:port". */
  readonly listen: string;
  readonly publicUrl: undefined | string;
  /** What its first operator is called, who is an admin: "admin" by default. */
  readonly admin?: string | undefined;
  /** Its root is one that agents before 0.4.0 read, and has no log. */
  readonly v1Agents?: boolean | undefined;
}

/** `cloud.json`: what an operator may edit. */
export const Settings = v.strictObject({
  version: v.literal(1),
  name: v.pipe(shortText(128), v.minLength(1)),
  listen: v.pipe(
    v.string(),
    v.regex(/^(\[[0-9a-f:]+\]|[^:\s]+):\d{1,5}$/i, 'is not "host:port"'),
    v.check((text) => hostAndPort(text).port < 65_536, "has no such port"),
  ),
  /** Tokens carry it; they have room for so much. */
  publicUrl: v.optional(v.pipe(v.string(), v.maxLength(512), v.url())),
  heartbeatMs: v.optional(
    v.pipe(v.number(), v.integer(), v.minValue(100), v.maxValue(600_000)),
    25_000,
  ),
  correlation: v.optional(CorrelationSettings, {}),
  telemetry: v.optional(TelemetrySettings, {}),
  disk: v.optional(DiskSettings, {}),
  observations: v.optional(ObservationSettings, {}),
  outgoing: v.optional(OutgoingSettings, {}),
  login: v.optional(LoginSettings, {}),
  twoPersons: v.optional(TwoPersonsSettings, {}),
  contest: v.optional(ContestSettings, {}),
  rollout: v.optional(RolloutSettings, {}),
  /** A database of countries in MaxMind's format; without one, none is known. */
  countries: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(4096))),
  /** False: operators are heard at the socket in the cloud's folder alone. */
  operatorsOnPublic: v.optional(v.boolean(), true),
  /** PEM of the authority of the cloud's certificate, for operators' commands. */
  caFile: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(4096))),
});
export type Settings = v.InferOutput<typeof Settings>;

/** Makes a cloud's folder: keys, root, settings, and its first operator. */
export function foundCloud(founding: Founding, clock: Clock): void {
  const { dir, v1Agents = false, admin = "admin", ...rest } = founding;
  if (existsSync(join(dir, SETTINGS))) {
    throw new BadFolder(
      `${dir} holds a cloud already; its settings are in ${join(dir, SETTINGS)}, and count when it starts`,
    );
  }
  const settings = settingsText(rest);
  mkdirSync(join(dir, "keys"), { recursive: true, mode: 0o700 });
  chmodSync(dir, 0o700);
  const keys = makeKeys(v1Agents);
  for (const [role, key] of Object.entries(keys)) addKey(dir, role, key);
  const first = firstRoot(keys, clock.now());
  const root = signText("root", first, [keys.root], first.format);
  writeRoot(dir, 1, root);
  const token = newSecret();
  writeSecret(join(dir, OPERATOR_TOKEN), `${token}\n`);
  writeFileSync(filesOf(dir).neverList, NEVER_LIST_HEAD);
  SqliteDecisions.found(filesOf(dir).decisions, clock, [
    ...firstAdmin(admin, token),
    feedBegun("urgent"),
    feedBegun("reputation"),
    logBegun(),
  ]);
  // Last: a folder with settings is a folder that is whole.
  writeFileSync(join(dir, SETTINGS), settings);
}

/**
 * A way in for who has none left but the cloud's folder: another token for the
 * admin of this name, who is made where there is none. The cloud must not run.
 * @throws DatabaseUnusable while it does; BadFolder when somebody else has the name
 */
export async function rescueAdmin(
  dir: string,
  name: string,
  clock: Clock,
): Promise<void> {
  readSettings(dir);
  const files = filesOf(dir);
  await using opened = new Lifetime();
  opened.own(holdAlone(files.lock));
  const ports = { clock, log: silentLogger };
  const { decisions, views } = await openLogs(files, ports, opened);
  const [known] = new Operators(views, { clock }).named(name);
  const isTaken = known?.disabledAt === null;
  if (isTaken && (known.role !== "admin" || known.org !== null)) {
    const whose = known.org ?? "the vendor";
    throw new BadFolder(
      `${name} is ${known.role} of ${whose}, and no admin of the vendor: choose another name`,
    );
  }
  const token = newSecret();
  const by = "rescue";
  await decisions.append(
    isTaken ? [tokenFor(known.id, token, by)] : firstAdmin(name, token, by),
  );
  writeWhole(join(dir, OPERATOR_TOKEN), `${token}\n`);
}

/** What a founded folder says, ready to start from. */
export function loadCloud(
  dir: string,
  tls: CloudConfig["listen"]["tls"],
): CloudConfig {
  const { version: _, listen, publicUrl, ...settings } = readSettings(dir);
  return {
    ...settings,
    dir,
    listen: { ...hostAndPort(listen), tls },
    publicUrl,
    signing: Signing.open(dir),
  };
}

/**
 * Holds what agents are told to what listens there.
 * @throws BadAddress
 */
export function checkAddresses({
  listen,
  publicUrl,
}: Pick<CloudConfig, "listen" | "publicUrl">): void {
  // Without TLS it listens on loopback alone, where a proxy may stand before it.
  if (publicUrl?.startsWith("https:")) return;
  if (listen.tls === undefined) {
    if (publicUrl !== undefined) checkPublicUrl(publicUrl);
    return;
  }
  throw new BadAddress(
    `with TLS, publicUrl in cloud.json has to be an https URL that agents reach, and not "${publicUrl ?? ""}"`,
  );
}

/** @throws BadAddress when agents would be heard there, or not find it */
function checkPublicUrl(url: string): void {
  const { protocol } = new URL(url);
  if (protocol === "https:" || isSafeInTheClear(url)) return;
  const why =
    protocol === "http:"
      ? "would be heard by others"
      : "is not where a browser could go";
  throw new BadAddress(
    `publicUrl "${url}" ${why}; it has to be https://…, or http://… on loopback`,
  );
}

/** Whether nobody else hears what is said to the URL. */
export function isSafeInTheClear(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === "http:" && isLoopback(unbracketed(hostname));
}

/** @throws BadFolder when there is no cloud; Malformed when its file is wrong */
export function readSettings(dir: string): Settings {
  return parseJson(Settings, readText(join(dir, SETTINGS)), SETTINGS);
}

/** The first operator's bearer token. */
export const readOperatorToken = (dir: string): string =>
  readText(join(dir, OPERATOR_TOKEN)).trim();

const SETTINGS = "cloud.json";
const OPERATOR_TOKEN = "operator.token";

/** Of everything, with a token that does not expire: the way in if all others go. */
function firstAdmin(
  name: string,
  token: string,
  by = "init",
): [OperatorJoined, CredentialAdded] {
  const operator = newId("opr");
  return [
    { kind: "operator-joined", operator, name, role: "admin", org: null, by },
    tokenFor(operator, token, by),
  ];
}

const tokenFor = (
  operator: string,
  token: string,
  by: string,
): CredentialAdded => ({
  ...{ kind: "credential-added", operator, credential: newId("tok"), by },
  ...{ of: "token", label: OPERATOR_TOKEN, tokenHash: hashOf(token) },
  expiresAt: null,
});

function makeKeys(v1Agents: boolean): FirstKeys {
  return {
    ...(!v1Agents && { log: generateKey() }),
    root: generateKey(),
    content: generateKey(),
    head: generateKey(),
    critical: generateKey(),
  };
}

/** Checked before anything is written. */
function settingsText({ name, listen, publicUrl }: Omit<Founding, "dir">) {
  const settings = { version: 1, name, listen, publicUrl };
  const text = JSON.stringify(settings, null, 2);
  const { publicUrl: url } = parseJson(Settings, text, "settings");
  if (url !== undefined) checkPublicUrl(url);
  if (publicUrl === undefined && !isLoopback(hostAndPort(listen).host)) {
    throw new BadAddress(
      `listen "${listen}" is for other machines, which need --public-url to find it`,
    );
  }
  return `${text}\n`;
}

/** Of settings that are as they may be. */
export function hostAndPort(listen: string): { host: string; port: number } {
  const colon = listen.lastIndexOf(":");
  const host = unbracketed(listen.slice(0, colon));
  return { host, port: Number(listen.slice(colon + 1)) };
}

const unbracketed = (host: string): string => host.replace(/^\[|\]$/g, "");
