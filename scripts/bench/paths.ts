import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEFAULT_POSTURE } from "../../agent/enforce/enforcer.js";
import { PATHS, type Path } from "../../service/selftest/flows/flows.js";
import {
  worstOf,
  type Judged,
  type Matrix,
  type Outcome,
} from "../../service/selftest/matrix.js";
import { selftest } from "../../service/selftest/selftest.js";
import { inSandbox } from "../../service/selftest/stage/sandbox.js";
import { ms, trafficText } from "../../service/selftest/text.js";
import { noFail2ban } from "./fail2ban.js";
import { alone, type Measured, type ReportMatrix, type Row } from "./report.js";

/** What fail2ban ships for nftables: one port of a jail, and all ports. */
const ACTIONS = ["nftables-multiport", "nftables-allports"] as const;

/** Which paths a ban closes, and how fast: the selftest, and fail2ban on its stage. */
export async function benchPaths(): Promise<Measured> {
  const { signal } = new AbortController();
  const manner = { backend: "nftables", posture: DEFAULT_POSTURE } as const;
  const ours = await selftest(manner, signal);
  const peers: Matrix[] = [];
  if (noFail2ban === undefined) {
    for (const action of ACTIONS) peers.push(await measured(action, signal));
  }
  return { rows: rowsOf(ours, peers), matrix: matrixOf([ours, ...peers]) };
}

async function measured(action: string, signal: AbortSignal): Promise<Matrix> {
  const module = new URL("./paths-peer-main.js", import.meta.url);
  const folder = mkdtempSync(join(tmpdir(), "tourniquet-bench-"));
  try {
    return await inSandbox<Matrix>({ module, args: [action, folder] }, signal);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function matrixOf(all: readonly Matrix[]): ReportMatrix {
  const row = (name: string, cell: (matrix: Matrix) => string) => [
    name,
    ...all.map(cell),
  ];
  return {
    head: row("path", ({ subject }) => subject),
    rows: [
      ...PATHS.map((path) =>
        row(path, (matrix) => trafficText(trafficOf(matrix, path))),
      ),
      row(
        ESTABLISHED,
        (matrix) => `${established(matrix)} of ${opened(matrix)}`,
      ),
      row("the tool was done after", ({ banMs }) => ms(banMs)),
      row("closed within 50 ms", ({ closed, of }) => `${closed} of ${of}`),
      row(
        "closed at all",
        (matrix) => `${closedAtAll(matrix)} of ${matrix.of}`,
      ),
    ],
    notes: [
      "The last packet that got through, IPv4 and IPv6, from the call of the enforcer or of fail2ban-client.",
      "What tourniquet takes until it is done includes cutting open sessions; paths are closed before that.",
      ...all.flatMap(notesOf),
      ...(noFail2ban === undefined ? [] : [`no peer: ${noFail2ban}`]),
    ],
  };
}

/** Which traffic goes on getting through. */
function notesOf(matrix: Matrix): readonly string[] {
  const paths = matrix.lines.flatMap(({ path }) => {
    const open = trafficOf(matrix, path)
      .filter(({ outcome }) => !isClosed(outcome))
      .map(({ label }) => label);
    const labels = [...new Set(open)].join(", ");
    return labels === "" ? [] : [`${path} (${labels})`];
  });
  return paths.length === 0
    ? []
    : [`${matrix.subject} leaves open: ${paths.join("; ")}`];
}

/** In time, or later. */
const isClosed = ({ is }: Outcome): boolean => is === "closed" || is === "late";

function rowsOf(ours: Matrix, peers: readonly Matrix[]): readonly Row[] {
  const beside = (row: (peer: Matrix | undefined) => Row) =>
    peers.length === 0 ? [row(undefined)] : peers.map(row);
  return [
    ...PATHS.flatMap((path) => beside((peer) => pathRow(path, ours, peer))),
    ...beside((peer) => ({
      ...countRow(ours, peer, established),
      ...{ what: ESTABLISHED, unit: `of ${opened(ours)}` },
    })),
    ...beside((peer) => ({
      ...countRow(ours, peer, closedAtAll),
      ...{ what: "paths closed at all", unit: `of ${ours.of}` },
    })),
    ...beside((peer) => ({
      ...countRow(ours, peer, ({ closed }) => closed),
      ...{ what: "paths closed within 50 ms", unit: `of ${ours.of}` },
      ...{ goal: "6", met: ours.closed === ours.of },
    })),
  ];
}

function countRow(
  ours: Matrix,
  peer: Matrix | undefined,
  count: (matrix: Matrix) => number,
): Row {
  return alone({
    ...{ what: "", unit: "", ours: count(ours) },
    peer: peer === undefined ? null : count(peer),
    peerName: peer?.subject ?? noFail2ban ?? null,
  });
}

function pathRow(path: Path, ours: Matrix, peer: Matrix | undefined): Row {
  const { lastMs, is } = timed(outcomeOf(ours, path));
  const theirs = peer && timed(outcomeOf(peer, path));
  const name = peer?.subject ?? noFail2ban ?? null;
  return alone({
    ...{ what: `${path}: last packet through`, unit: "ms", ours: lastMs },
    peer: theirs && isClosed(theirs) ? theirs.lastMs : null,
    peerName: theirs && !isClosed(theirs) ? `${name}: ${theirs.is}` : name,
    ...{ goal: `≤ ${ours.limitMs} ms`, met: is === "closed" },
  });
}

const closedAtAll = (matrix: Matrix): number =>
  PATHS.filter((path) => isClosed(outcomeOf(matrix, path))).length;

const established = ({ sockets }: Matrix): number =>
  sockets.reduce((sum, each) => sum + each.established, 0);

const opened = ({ sockets }: Matrix): number =>
  sockets.reduce((sum, { open }) => sum + open, 0);

const outcomeOf = (matrix: Matrix, path: Path): Outcome =>
  worstOf(trafficOf(matrix, path));

/** Of both families. */
function trafficOf({ lines }: Matrix, path: Path): readonly Judged[] {
  const cells = lines.find((line) => line.path === path)?.cells ?? [];
  return cells.flatMap(({ traffic }) => traffic);
}

const timed = (outcome: Outcome) => ({ lastMs: Number.NaN, ...outcome });

const ESTABLISHED = "host sockets established";
