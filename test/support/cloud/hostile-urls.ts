import { once } from "node:events";
import type { RequestListener, ServerResponse } from "node:http";
import { createServer, type AddressInfo } from "node:net";
import {
  brotliCompressSync,
  constants,
  deflateSync,
  gzipSync,
} from "node:zlib";
import { parseCidr } from "../../../agent/model/cidr.js";
import { silentLogger } from "../../../agent/log/logger.js";
import { systemClock } from "../../../agent/runtime/clock.js";
import { OutgoingDoor } from "../../../cloud/outgoing/outgoing-door.js";
import type { OutgoingSettings } from "../../../cloud/outgoing/settings.js";
import { makeCertificate } from "../../../scripts/lab/certificate.js";
import { temporaryFolder } from "./cloud.js";
import { web } from "./web.js";

/** By what a user of the door reaches the hostile server, and nothing else. */
export interface HostileWays {
  /** Its waits are ten times shorter than usual. */
  readonly door: OutgoingDoor;
  /** The same for who makes a door of his own, such as a whole cloud. */
  readonly settings: OutgoingSettings;
}

/** A user of the door: follows a URL, and rejects when that comes to nothing. */
export type UserOfDoor = (url: string, ways: HostileWays) => Promise<unknown>;

/**
 * Has a user of the door follow every hostile URL, and URLs of a server whose
 * every answer is hostile, whatever stands behind its first path. Whoever makes
 * a door of his own waits half a minute for those that are slow.
 * @throws Error with each that was taken for good, and when somebody came to
 * where nobody may go
 */
export async function everyHostileUrl(use: UserOfDoor): Promise<void> {
  using folder = temporaryFolder();
  const tls = await makeCertificate(folder.path, "127.0.0.1");
  await using canary = await openCanary();
  const quick = { ...ANSWERS, ...packedAnswers() };
  const answers = hostileAnswers({ ...quick, ...SLOW_ANSWERS }, canary.port);
  await using hostile = await web(answers, { tls });
  const settings: OutgoingSettings = {
    allow: [parseCidr("127.0.0.1")],
    plainHttp: [parseCidr("127.0.0.1")],
    ports: [443],
    caFile: tls.cert,
  };
  const clock = { sleep: hastily };
  using door = new OutgoingDoor(settings, { log: silentLogger, clock });
  const faults: string[] = [];
  const follow = async (url: string) => {
    try {
      await use(url, { door, settings });
      faults.push(`${url} was taken for good`);
    } catch {
      // As it has to be.
    }
    if (canary.visits() === 0) return;
    faults.push(`${url} led to where nobody may go`);
    canary.forget();
  };
  const ports = { canary: canary.port, hostile: hostile.port };
  for (const url of hostileUrls(ports)) await follow(url);
  for (const name of Object.keys(quick)) {
    await follow(`${hostile.url}/${name}`);
  }
  await Promise.all(
    Object.keys(SLOW_ANSWERS).map((name) => follow(`${hostile.url}/${name}`)),
  );
  if (hostile.asked.length === 0)
    faults.push("the hostile server was not asked");
  if (faults.length > 0) throw new Error(faults.join("\n"));
}

/** URLs that lead, or may be read to lead, to where nobody may go. */
export const hostileUrls = (ports: {
  readonly canary: number;
  readonly hostile: number;
}): readonly string[] => [
  // Where something answers that is this machine's own.
  `http://127.0.0.2:${ports.canary}/`,
  ...THE_CANARY.map((host) => `https://${host}:${ports.canary}/`),
  `https:127.0.0.2:${ports.canary}/`,
  `https:///127.0.0.2:${ports.canary}/`,
  `//127.0.0.2:${ports.canary}/`,
  // Which host is it?
  `https://127.0.0.1:${ports.hostile}@127.0.0.2:${ports.canary}/good`,
  `https://somebody:secret@127.0.0.1:${ports.hostile}/good`,
  `https://127.0.0.2:${ports.canary}\\@127.0.0.1:${ports.hostile}/good`,
  `https://127.0.0.2:${ports.canary}\t/good`,
  `https://127.0.0.1:${ports.hostile}/good\r\nx-more: header`,
  ...SPECIAL_HOSTS.map((host) => `https://${host}/`),
  // What is no service of the web's.
  ...["https://127.0.0.1:22/", "http://127.0.0.1:25/", "https://127.0.0.1:0/"],
  `gopher://127.0.0.2:${ports.canary}/_GET`,
  `ws://127.0.0.2:${ports.canary}/`,
  ...["file:///etc/passwd", "data:text/plain,good", "blob:x", "javascript:1"],
  ...["", "good", "https://", "https://[::1", `https://${"a".repeat(5_000)}/`],
];

/** Spellings of 127.0.0.2, and what leads there, or to all of this machine. */
const THE_CANARY = [
  ...["127.0.0.2", "2130706434", "0x7f000002", "017700000002", "127.2"],
  ...["0x7f.0.0.2", "0177.0.0.2", "127.0.0.2.", "%31%32%37.0.0.2"],
  ...["１２７.0.0.2", "[::ffff:127.0.0.2]", "[::ffff:7f00:2]"],
  ...["[::127.0.0.2]", "[64:ff9b::127.0.0.2]", "[2002:7f00:2::]"],
  ...["[::1]", "[::]", "0.0.0.0", "0"],
];

const SPECIAL_HOSTS = [
  // Credentials of machines in clouds.
  ...["169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16"],
  ...["[fd00:ec2::254]", "[fd20:ce::254]", "[64:ff9b::a9fe:a9fe]"],
  ...["192.0.0.192", "0xa9fea9fe", "2852039166", "169.254.43518"],
  // Private, special, and nobody's.
  ...["10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "[fc00::1]"],
  ...["169.254.1.1", "[fe80::1]", "[fe80::1%25lo]", "[fe80::1%lo]"],
  ...["224.0.0.1", "[ff02::1]", "255.255.255.255", "240.0.0.1"],
  ...["192.0.2.1", "198.18.0.1", "[2001:db8::1]", "[2001:0:a00:1::]"],
  ...["[64:ff9b:1::a00:1]", "[100::1]", "[fec0::1]"],
];

type Answer = (response: ServerResponse, canary: number) => void;
type Answers = Readonly<Record<string, Answer>>;

function hostileAnswers(answers: Answers, canary: number): RequestListener {
  return ({ url }, response) => {
    const [, name = ""] = (url ?? "").split("/");
    const answer = answers[name];
    // So that nobody turns away from it for its kind.
    response.setHeader("content-type", "application/json");
    if (answer === undefined) response.writeHead(404).end();
    else answer(response, canary);
  };
}

const to = (location: string): Answer => {
  return (response) => response.writeHead(302, { location }).end();
};

const toCanary =
  (status: number, scheme = "https"): Answer =>
  (response, port) => {
    const location = `${scheme}://127.0.0.2:${port}/`;
    response.writeHead(status, { location }).end();
  };

const packed =
  (coding: string, bytes: Buffer): Answer =>
  (response) => {
    response.writeHead(200, { "content-encoding": coding }).end(bytes);
  };

/** Bytes, beyond what any user of the door takes by default. */
const BOMB = 80 * 1024 * 1024;

/** Takes a tenth of the time that the best packing takes. */
const hasty = { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } };

/** Made once for each server: packing takes a while. */
const packedAnswers = (): Answers => {
  const zeros = Buffer.alloc(BOMB);
  return {
    "gzip-bomb": packed("gzip", gzipSync(zeros)),
    "deflate-bomb": packed("deflate", deflateSync(zeros)),
    "br-bomb": packed("br", brotliCompressSync(zeros, hasty)),
    "gzip-of-gzip": packed("gzip, gzip", gzipSync(gzipSync("{}"))),
    "gzip-cut-off": packed("gzip", gzipSync("{} ".repeat(99)).subarray(0, 20)),
    "gzip-of-nothing-known": packed("gzip", Buffer.from("{}")),
    "coding-that-is-not-known": packed("zstd", Buffer.from("{}")),
  };
};

const ANSWERS: Answers = {
  "to-canary-301": toCanary(301),
  "to-canary-302": toCanary(302),
  "to-canary-303": toCanary(303),
  "to-canary-307": toCanary(307),
  "to-canary-308": toCanary(308),
  "to-canary-by-http": toCanary(302, "http"),
  "to-canary-without-scheme": (response, port) =>
    to(`//127.0.0.2:${port}/`)(response, port),
  "to-canary-by-a-backslash": (response, port) =>
    to(`/\\127.0.0.2:${port}/`)(response, port),
  "to-canary-spelled-oddly": (response, port) =>
    to(`https://0x7f.2:${port}/`)(response, port),
  "to-credentials": to("http://169.254.169.254/latest/meta-data/"),
  "to-a-file": to("file:///etc/passwd"),
  "to-a-user": to("https://somebody:secret@127.0.0.1/"),
  "to-itself": to("/to-itself"),
  "to-http": (response) => {
    const { localPort } = response.socket ?? {};
    response
      .writeHead(302, { location: `http://127.0.0.1:${localPort ?? 0}/` })
      .end();
  },
  "length-beyond-all": (response) => {
    response.writeHead(200, { "content-length": 1e12 }).write("{");
  },
  "length-not-kept": (response) => {
    response.writeHead(200, { "content-length": 1_000 }).write("{}");
    response.socket?.end();
  },
  "body-without-end": (response) => {
    const piece = Buffer.alloc(256 * 1024, " ");
    const more = () => {
      while (!response.destroyed && response.write(piece));
    };
    response.on("drain", more);
    more();
  },
  "head-without-end": (response) => {
    response.writeHead(200, { "x-much": "a".repeat(64 * 1024) }).end("{}");
  },
  "heads-without-end": (response) => {
    const line = "HTTP/1.1 103 Early Hints\r\n\r\n";
    response.socket?.write(line.repeat(5_000));
    response.end("{}");
  },
  "status-that-is-none": (response) => {
    response.socket?.end("HTTP/1.1 999 What\r\ncontent-length: 2\r\n\r\n{}");
  },
  "upgrade-unasked": (response) => {
    response.socket?.end(
      "HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n",
    );
  },
  "no-http": (response) => response.socket?.end("220 mail.example ESMTP\r\n"),
  nothing: (response) => response.socket?.destroy(),
};

const SLOW_ANSWERS: Answers = {
  silence: () => undefined,
  "silence-after-the-head": (response) => response.writeHead(200).write("{"),
  "a-byte-at-a-time": (response) => {
    response.writeHead(200);
    const timer = setInterval(() => {
      if (response.destroyed) clearInterval(timer);
      else response.write(" ");
    }, 100);
  },
};

const hastily = (ms: number, signal?: AbortSignal) =>
  systemClock.sleep(ms / 10, signal);

interface Canary extends AsyncDisposable {
  readonly port: number;
  visits(): number;
  forget(): void;
}

/** Listens where nobody may go, and counts who comes. */
async function openCanary(): Promise<Canary> {
  let visits = 0;
  const server = createServer((socket) => {
    visits += 1;
    socket.destroy();
  });
  // All that is this machine's: 127.0.0.2, ::1 and the rest.
  server.listen(0, "::");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    visits: () => visits,
    forget: () => {
      visits = 0;
    },
    [Symbol.asyncDispose]: async () => {
      server.close();
      await once(server, "close");
    },
  };
}
