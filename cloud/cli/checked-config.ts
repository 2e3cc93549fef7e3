import { X509Certificate, createPrivateKey } from "node:crypto";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { isIP } from "node:net";
import { join, resolve } from "node:path";
import * as v from "valibot";
import { parseJson } from "../../agent/protocol/shapes.js";
import { fileFailure } from "../../agent/text/file-failures.js";
import { readText } from "../folder.js";
import { readCountryFile } from "../places/country-file.js";
import { BadCountryFile } from "../places/mmdb.js";
import { Settings, checkAddresses, hostAndPort } from "../setup.js";
import { momentOf, spanText } from "./words.js";

/** Something about a cloud's settings, secrets or certificate. */
export interface Finding {
  /** Whether it has to be mended. */
  readonly wrong: boolean;
  /** A field of cloud.json, or a file. */
  readonly what: string;
  /** As it stands there, where it is no secret. */
  readonly value?: unknown;
  readonly message: string;
}

/** Files of `serve`'s options; undefined: none are named. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

/** All that can be said without a cloud that runs. */
export function checkedConfig(
  dir: string,
  tls: TlsFiles | undefined,
  now: number,
): readonly Finding[] {
  const { settings, findings } = settingsIn(dir);
  return [
    ...findings,
    ...(settings === undefined ? [] : addresses(settings, tls)),
    ...(settings === undefined ? [] : filesNamed(dir, settings, now)),
    ...secretsIn(dir),
    ...(tls === undefined ? [] : certificate(tls, settings, now)),
  ];
}

const fault = (what: string, message: string): Finding => ({
  ...{ wrong: true, what, message },
});

const fact = (what: string, message: string): Finding => ({
  ...{ wrong: false, what, message },
});

function settingsIn(dir: string): {
  readonly settings?: Settings;
  readonly findings: readonly Finding[];
} {
  try {
    const text = readText(join(dir, FILE));
    const read = v.safeParse(Settings, JSON.parse(text), {
      abortPipeEarly: true,
    });
    if (!read.success) return { findings: read.issues.map(wrongField) };
    const settings = parseJson(Settings, text, FILE);
    return { settings, findings: [fact(FILE, "every field is as it may be")] };
  } catch (error) {
    return { findings: [fault(FILE, fileFailure(error))] };
  }
}

const FILE = "cloud.json";

function wrongField(issue: v.BaseIssue<unknown>): Finding {
  const what = v.getDotPath(issue) ?? FILE;
  if (issue.expected === "never") return fault(what, "there is no such field");
  const { input, message } = issue;
  const isPlain = typeof input !== "object" && !/secret|token/i.test(what);
  return { wrong: true, what, ...(isPlain && { value: input }), message };
}

function addresses(
  { listen, publicUrl }: Settings,
  tls: TlsFiles | undefined,
): readonly Finding[] {
  const files = tls && { cert: "", key: "", files: tls };
  try {
    checkAddresses({
      listen: { ...hostAndPort(listen), tls: files },
      publicUrl,
    });
    return [];
  } catch (error) {
    return [{ ...fault("publicUrl", fileFailure(error)), value: publicUrl }];
  }
}

/** Other files that the settings name. */
function filesNamed(
  dir: string,
  { caFile, outgoing, login, countries }: Settings,
  now: number,
): readonly Finding[] {
  const { clientSecretFile: secret } = login.oidc ?? {};
  const [own, others] = [caFile, outgoing.caFile].map((file) =>
    file === undefined ? undefined : resolve(dir, file),
  );
  return [
    ...(own === undefined ? [] : authority("caFile", own, now)),
    ...(others === undefined ? [] : authority("outgoing.caFile", others, now)),
    ...(secret === undefined ? [] : clientSecret(resolve(dir, secret))),
    ...(countries === undefined ? [] : countryFile(resolve(dir, countries))),
  ];
}

function countryFile(path: string): readonly Finding[] {
  try {
    const built = new Date(readCountryFile(path).built).toISOString();
    return [fact("countries", `${path} is of ${built.slice(0, 10)}`)];
  } catch (error) {
    const message =
      error instanceof BadCountryFile ? error.message : fileFailure(error);
    return [{ ...fault("countries", message), value: path }];
  }
}

function clientSecret(path: string): readonly Finding[] {
  try {
    readFileSync(path);
    return openToOthers(path);
  } catch (error) {
    const what = "login.oidc.clientSecretFile";
    return [{ ...fault(what, fileFailure(error)), value: path }];
  }
}

/** Keys, tokens and accounts: for nobody but who runs the cloud. */
function secretsIn(dir: string): readonly Finding[] {
  const keys = namesIn(join(dir, "keys")).map((name) => join("keys", name));
  const others = namesIn(dir).filter((name) => SECRETS.test(name));
  const all = [...keys, ...others].map((name) => join(dir, name));
  if (keys.length === 0) return [fault("keys", `${dir} has none: ${NO_CLOUD}`)];
  const open = all.flatMap(openToOthers);
  if (open.length > 0) return open;
  return [fact("secrets", `${all.length} files, which only their owner reads`)];
}

const NO_CLOUD = 'was the cloud made with "init"?';

const SECRETS = /^(operator\.token|accounts\.db(-wal|-shm)?)$/;

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function openToOthers(path: string): readonly Finding[] {
  const mode = statSync(path).mode & 0o777;
  if ((mode & 0o077) === 0) return [];
  const shown = mode.toString(8);
  return [
    fault(
      path,
      `others may read it, or write it (${shown}): chmod 600 ${path}`,
    ),
  ];
}

function authority(
  what: string,
  path: string,
  now: number,
): readonly Finding[] {
  try {
    return [until(what, new X509Certificate(readFileSync(path)), now)];
  } catch (error) {
    return [{ ...fault(what, fileFailure(error)), value: path }];
  }
}

function certificate(
  { cert, key }: TlsFiles,
  settings: Settings | undefined,
  now: number,
): readonly Finding[] {
  try {
    const chain = new X509Certificate(readFileSync(cert));
    const own = createPrivateKey(readFileSync(key));
    return [
      until(cert, chain, now),
      ...(chain.checkPrivateKey(own)
        ? [fact(key, `is the key of ${cert}`)]
        : [fault(key, `is not the key of ${cert}`)]),
      ...otherName(cert, chain, settings?.publicUrl),
      ...openToOthers(key),
    ];
  } catch (error) {
    return [fault(`${cert}, ${key}`, fileFailure(error))];
  }
}

function otherName(
  cert: string,
  chain: X509Certificate,
  publicUrl: string | undefined,
): readonly Finding[] {
  if (publicUrl === undefined) return [];
  const host = new URL(publicUrl).hostname.replace(/^\[|\]$/g, "");
  const named = isIP(host) === 0 ? chain.checkHost(host) : chain.checkIP(host);
  if (named !== undefined) return [];
  return [fault(cert, `is not for ${host}, where publicUrl has agents go`)];
}

function until(what: string, chain: X509Certificate, now: number): Finding {
  const [begin, end] = [Date.parse(chain.validFrom), Date.parse(chain.validTo)];
  if (now < begin) return fault(what, `is not valid before ${momentOf(begin)}`);
  if (now >= end) return fault(what, `ran out at ${momentOf(end)}: renew it`);
  const left = spanText(end - now);
  return fact(what, `is good until ${momentOf(end)}, for ${left} more`);
}
