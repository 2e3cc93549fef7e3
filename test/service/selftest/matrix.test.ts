import { describe, expect, it } from "@jest/globals";
import { flowsOf, isOpened } from "../../../service/selftest/flows/flows.js";
import type { Log, Traffic } from "../../../service/selftest/flows/log.js";
import {
  matrixOf,
  type Matrix,
  type Observations,
} from "../../../service/selftest/matrix.js";
import { complaintText, matrixText } from "../../../service/selftest/text.js";

const BANNED_AT = 10_000;
const WATCHED_UNTIL = BANNED_AT + 2_000;
const LIFTED_AT = WATCHED_UNTIL + 10;
const flows = flowsOf(4, "");
const again = flowsOf(4, ", again").filter(isOpened);

describe("a path", () => {
  it("is closed when nothing gets through after 50 ms", () => {
    expect(cell(matrix({ lastMs: 50 }))).toMatchObject({
      workedBefore: true,
      outcome: { is: "closed", lastMs: 50 },
      worksAfterLift: true,
    });
  });

  it("is late when the last packet gets through after 51 ms", () => {
    const late = matrix({ lastMs: 51 });
    expect(cell(late).outcome).toEqual({ is: "late", lastMs: 51 });
    expect(late.closed).toBe(5);
    expect(complaintText(late)).toBe(
      "UDP in (IPv4) closed only after 51 ms, not within 50 ms",
    );
  });

  it("is open when packets get through until the end", () => {
    const open = matrix({ lastMs: 1_990 });
    expect(cell(open).outcome).toEqual({ is: "open", lastMs: 1_990 });
    expect(complaintText(open)).toBe("UDP in (IPv4) is open (UDP to port 53)");
  });

  it("proves nothing when it did not work before the ban", () => {
    const broken = matrix({ before: { arrived: 2 } });
    expect(cell(broken).outcome).toEqual({ is: "unproven" });
    expect(complaintText(broken)).toBe(
      "UDP in (IPv4) did not work before the ban",
    );
  });

  it("proves nothing when it had stopped working before the ban", () => {
    const stopped = { arrivedAt: BANNED_AT - 1_500 };
    expect(cell(matrix({ before: stopped })).outcome.is).toBe("unproven");
  });

  it("proves nothing when nobody tried it after the ban", () => {
    const untried = matrix({ banned: { triedAt: BANNED_AT + 10 } });
    expect(cell(untried).outcome).toEqual({ is: "unproven" });
    expect(complaintText(untried)).toBe("UDP in (IPv4) was not tried");
  });

  it("is closed when the ban ended its connection", () => {
    const cut = matrix({
      banned: { triedAt: BANNED_AT + 1, isOver: true },
    });
    expect(cell(cut).outcome).toEqual({ is: "closed", lastMs: 5 });
  });

  it("must work again after the lift", () => {
    const stuck = matrix({ lifted: { arrivedAt: LIFTED_AT - 1 } });
    expect(cell(stuck).worksAfterLift).toBe(false);
    expect(stuck.closed).toBe(6);
    expect(complaintText(stuck)).toBe(
      "UDP in (IPv4) does not work after the lift",
    );
  });
});

describe("a matrix", () => {
  it("judges a path by the worst of its traffic", () => {
    const [first] = flows.filter(({ path }) => path === "TCP in");
    const open = matrix({ lastMs: 1_990, of: first?.id });
    const line = open.lines.find(({ path }) => path === "TCP in");
    expect(line?.closed).toBe(false);
    expect(line?.cells[0]?.traffic).toEqual([
      { label: first?.label, outcome: { is: "open", lastMs: 1_990 } },
      { label: "new TCP to port 443", outcome: { is: "closed", lastMs: 5 } },
    ]);
    expect(matrixText(open)).toMatch(/\nTCP in +works +in part OPEN +works\n/);
    expect(complaintText(open)).toBe(
      "TCP in (IPv4) is open (new TCP to port 22)",
    );
  });

  it("has no complaint when six of six are closed", () => {
    expect(complaintText(matrix({}))).toBeUndefined();
    expect(matrixText(matrix({})).split("\n").at(-1)).toBe("6/6 paths closed");
  });

  it("says how many of the host's sockets are left", () => {
    expect(matrixText(matrix({}))).toMatch(
      /\nhost sockets established +4 +1 of 4\n/,
    );
  });

  it("is shown with what is open in capitals", () => {
    const lines = matrixText(matrix({ lastMs: 1_990 })).split("\n");
    expect(lines[2]).toMatch(/^UDP in +works +OPEN +works$/);
    expect(lines.at(-1)).toBe("5/6 paths closed");
  });
});

interface Case {
  /** Last arrival after the ban; the traffic of the case alone. */
  readonly lastMs?: number;
  readonly before?: Partial<Traffic>;
  readonly banned?: Partial<Traffic>;
  readonly lifted?: Partial<Traffic>;
  /** Which flow; UDP in unless said. */
  readonly of?: string | undefined;
}

/** Everything as it should be, but for the one flow of the case. */
function matrix(odd: Case): Matrix {
  const [udp] = flows.filter(({ path }) => path === "UDP in");
  const one = odd.of ?? udp?.id ?? "";
  const traffic = (at: number, last = at): Traffic => ({
    ...{ tried: 100, triedAt: at, arrived: 100, arrivedAt: last },
    isOver: false,
  });
  const log = (usual: Traffic, other: Partial<Traffic> = {}): Log =>
    Object.fromEntries(
      [...flows, ...again].map(({ id }) => [
        id,
        id === one ? { ...usual, ...other } : usual,
      ]),
    );
  const arrivedAt = BANNED_AT + (odd.lastMs ?? 5);
  const seen: Observations = {
    ...{ subject: "a test", flows, again },
    ...{ bannedAt: BANNED_AT, doneAt: BANNED_AT + 1 },
    ...{ watchedUntil: WATCHED_UNTIL, liftedAt: LIFTED_AT },
    before: log(traffic(BANNED_AT - 5), odd.before),
    banned: log(traffic(WATCHED_UNTIL - 1, BANNED_AT + 5), {
      arrivedAt,
      ...odd.banned,
    }),
    lifted: log(traffic(LIFTED_AT + 100), odd.lifted),
    sockets: [{ family: 4, open: 4, established: 1 }],
  };
  return matrixOf(seen);
}

function cell({ lines }: Matrix) {
  const line = lines.find(({ path }) => path === "UDP in");
  if (line?.cells[0] === undefined) throw new Error("no such path");
  return line.cells[0];
}
