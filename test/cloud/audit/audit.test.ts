import { cpSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import BetterSqlite3 from "better-sqlite3";
import { systemClock } from "../../../agent/runtime/clock.js";
import { foundCloud } from "../../../cloud/setup.js";
import {
  startTestCloud,
  temporaryFolder,
  type TestCloud,
} from "../../support/cloud/cloud.js";
import { askAsOperator, askAtDoor, letIn } from "../../support/cloud/people.js";
import { operatorOf, runHere, type Ran } from "../cli/operator.js";

interface Listed {
  readonly seq: number;
  readonly name: string;
  readonly operation: string;
  readonly before: unknown;
  readonly after: readonly { readonly kind: string; readonly says: string }[];
}

interface Page {
  readonly items: readonly Listed[];
  readonly next: string | null;
}

describe("the record of operators' calls", () => {
  const world = { folder: temporaryFolder(), dir: "", anna: "", bert: "" };

  beforeAll(async () => {
    const dir = join(world.folder.path, "cloud");
    const founding = { dir, name: "test-cloud", publicUrl: undefined };
    foundCloud({ ...founding, listen: "127.0.0.1:0" }, systemClock);
    await using cloud = await startTestCloud({ dir });
    const anna = await letIn(cloud, { name: "anna", role: "admin" });
    const bert = await letIn(cloud, { name: "bert", role: "viewer" });
    await orgBy(cloud, anna.token, "acme");
    const more = ["one", "two", "three", "four"];
    await Promise.all(more.map((name) => orgBy(cloud, anna.token, name)));
    const change = { role: "analyst", reason: "she is on call" };
    const path = `/operators/${bert.id}`;
    await askAtDoor(cloud, anna.token, ["PATCH", path, change]);
    await askAtDoor(cloud, anna.token, [
      "DELETE",
      `/credentials/${bert.credential}?reason=lost`,
    ]);
    Object.assign(world, { dir, anna: anna.id, bert: bert.id });
  });

  afterAll(() => world.folder[Symbol.dispose]());

  const run = (...args: string[]) =>
    runHere("audit", "--dir", world.dir, ...args);

  it("is shown without a cloud: who, from where, what, why, before and after", async () => {
    const { code, out } = await run("--by", "anna", "--limit", "2");
    expect(code).toBe(0);
    const tidy = out
      .replaceAll(/\d{4}-[\d-]+T[\d:]+(\.\d+)?Z/g, "TIME")
      .replaceAll(/(opr|tok)-[0-9a-f]+/g, "$1-ID")
      .replaceAll(/^\d+/gm, "SEQ");
    expect(tidy.trimEnd().split("\n")).toEqual([
      "SEQ  TIME  anna (admin)  from socket",
      "  what    revokeCredential",
      "  why     lost",
      '  before  operator opr-ID, of token, label "", role none,',
      "          expiresAt TIME",
      "  after   revoked tok-ID",
      "SEQ  TIME  anna (admin)  from socket",
      "  what    changeOperator",
      "  why     she is on call",
      "  before  role viewer, org none, limits none, collection none, disabled false",
      "  after   changed opr-ID: role analyst",
    ]);
    for (const line of out.split("\n")) {
      expect(line.length).toBeLessThanOrEqual(80);
    }
  });

  it("is filtered by who, what and when, and told as the API tells it", async () => {
    const all = linesOf(await run("--json"));
    expect(all.map(({ operation }) => operation)).toEqual([
      ...["revokeCredential", "changeOperator"],
      ...Array.from({ length: 5 }, () => "addOrg"),
      ...["makeToken", "addOperator", "makeToken", "addOperator"],
    ]);
    const byId = linesOf(await run("--json", "--by", world.anna));
    expect(byId.map(({ name }) => name)).toEqual(
      Array.from({ length: 7 }, () => "anna"),
    );
    const tokens = await run("--json", "--operation", "makeToken");
    expect(linesOf(tokens)).toHaveLength(2);
    expect(linesOf(await run("--json", "--since", "1h"))).toHaveLength(11);
    const later = new Date(Date.now() + 60_000).toISOString();
    expect((await run("--since", later)).out).toContain("nobody changed");
    expect((await run("--since", "yesterday")).code).toBe(2);
    expect((await run("--limit", "0")).code).toBe(2);
    expect((await run("--verify", "--by", "anna")).code).toBe(2);
    expect((await runHere("audit", "--dir", "/nowhere")).code).toBe(2);

    await using cloud = await startTestCloud({ dir: world.dir });
    const items: Listed[] = [];
    let next: string | null = "";
    while (next !== null) {
      const cursor: string = next === "" ? "" : `&cursor=${next}`;
      const page: Page = await pageOf(cloud, `?limit=3${cursor}`);
      expect(page.items.length).toBeLessThanOrEqual(3);
      items.push(...page.items);
      next = page.next;
    }
    expect(items).toEqual(all);
    const asked = await pageOf(cloud, "?by=anna&operation=changeOperator");
    expect(asked.items.map(({ after }) => after[0]?.says)).toEqual([
      `changed ${world.bert}: role analyst`,
    ]);
    expect((await pageOf(cloud, `?since=${later}`)).items).toEqual([]);
    for (const wrong of ["since=today", "cursor=x", "limit=1001", "by="]) {
      const answer = await askAsOperator(
        ...([cloud, cloud.operator, ["GET", `/audit?${wrong}`]] as const),
      );
      expect({ wrong, status: answer.status }).toEqual({ wrong, status: 400 });
    }
  });

  it("names the caller of all that was asked for at once", async () => {
    const lines = linesOf(await run("--json", "--operation", "addOrg"));
    for (const { name, after } of lines) {
      expect(name).toBe("anna");
      expect(after.map(({ kind }) => kind)).toEqual([
        "org-added",
        "feed-begun",
      ]);
    }
  });

  it("fits the tree, while a cloud runs as well", async () => {
    const fits = /^11 calls of operators, among \d+ events, fit the \d+ leaves/;
    expect((await run("--verify")).out).toMatch(fits);
    const json = JSON.parse((await run("--verify", "--json")).out) as object;
    expect(json).toMatchObject({ calls: 11, misfit: null });
    using copy = copyOf(world.dir);
    await using cloud = await startTestCloud({ dir: copy.path });
    const audit = operatorOf(cloud);
    expect((await audit("audit", "--verify")).out).toMatch(fits);
    await orgBy(cloud, cloud.operator, "late");
    const { out, code } = await audit("audit", "--verify");
    expect(code).toBe(0);
    expect(out).toMatch(/^12 calls/);
    expect((await audit("audit", "--limit", "1")).out).toContain("org late");
  });

  it.each([
    [
      "a changed body",
      `UPDATE decisions SET body = replace(body, 'anna', 'bert') WHERE seq = @seq`,
      "does not fit its leaf",
    ],
    [
      "a changed salt",
      `UPDATE decisions SET salt = zeroblob(32) WHERE seq = @seq`,
      "does not fit its leaf",
    ],
    [
      "a removed row",
      `DELETE FROM decisions WHERE seq = @seq`,
      "is in the tree, and the decisions have it no more",
    ],
    [
      "a cut end",
      `DELETE FROM decisions WHERE seq >= @seq`,
      "is in the tree, and the decisions have it no more",
    ],
    [
      "two that were swapped",
      `UPDATE decisions SET (at, body, salt) =
         (SELECT at, body, salt FROM decisions AS other
          WHERE other.seq = @seq + @seq + 3 - decisions.seq)
       WHERE seq IN (@seq, @seq + 3)`,
      "does not fit its leaf",
    ],
    [
      "an emptied row",
      `UPDATE decisions SET body = NULL, salt = NULL, commitment = zeroblob(32)
       WHERE seq = @seq`,
      "was emptied, and nothing says by whom",
    ],
    [
      "a row that cannot be read",
      `UPDATE decisions SET salt = NULL WHERE seq = @seq`,
      "cannot be read: ",
    ],
  ])(
    "is told to have %s, by its number",
    async (_, sql, why) => {
      using copy = copyOf(world.dir);
      const seq = linesOf(await run("--json", "--operation", "addOrg"))[2]!.seq;
      tamper(copy.path, (file) => file.prepare(sql).run({ seq }));
      const { code, err } = await runHere(
        "audit",
        "--verify",
        "--dir",
        copy.path,
      );
      expect(code).toBe(1);
      expect(err).toMatch(
        new RegExp(`event ${seq} ${why}.*; ${seq - 1} before it fit`),
      );
    },
    30_000,
  );

  it("is told to have a row that was appended behind the tree's back", async () => {
    using copy = copyOf(world.dir);
    const last = tamper(copy.path, (file) => {
      const seq = file.prepare("SELECT max(seq) FROM decisions").pluck().get();
      file
        .prepare(
          `INSERT INTO decisions SELECT seq + 1, at, body, bytes, salt, commitment
           FROM decisions WHERE seq = ?`,
        )
        .run(seq);
      return seq as number;
    });
    const verify = ["audit", "--verify", "--dir", copy.path] as const;
    const { code, err } = await runHere(...verify);
    expect(code).toBe(1);
    expect(err).toContain(
      `event ${last + 1} is in the decisions, and the tree has not taken it in`,
    );
    const json = JSON.parse((await runHere(...verify, "--json")).out) as object;
    expect(json).toMatchObject({ misfit: { seq: last + 1, isAhead: true } });
  });

  it("is told to have one that was put in between, where a number was free", async () => {
    using copy = copyOf(world.dir);
    // As after a restore, when new epochs leave numbers that are nobody's.
    const free = tamper(copy.path, (file) => {
      const seq = file.prepare("SELECT max(seq) FROM decisions").pluck().get();
      const at = (seq as number) - 1;
      file.prepare("DELETE FROM decisions WHERE seq = ?").run(at);
      const tree = new BetterSqlite3(join(copy.path, "tree.db"));
      tree.prepare("DELETE FROM places WHERE seq = ?").run(at);
      tree.close();
      file
        .prepare(
          `INSERT INTO decisions SELECT ?, at, body, bytes, salt, commitment
           FROM decisions WHERE seq = ?`,
        )
        .run(at, seq);
      return at;
    });
    const { err } = await runHere("audit", "--verify", "--dir", copy.path);
    expect(err).toContain(
      `event ${free} is in the decisions, and the tree never took it in`,
    );
  });

  it("may be forgotten, name by name, and fits the tree all the same", async () => {
    using copy = copyOf(world.dir);
    const dir = ["--dir", copy.path] as const;
    const [first, second] = linesOf(await run("--json", "--by", "anna"));
    const { seq } = first!;
    const erase = (...what: string[]) =>
      runHere("log", "erase", ...what, "--why", "asked for", ...dir);
    expect((await erase("call", String(seq + 1))).err).toContain(
      `event ${seq + 1} is no call but "credential-revoked"`,
    );
    expect((await erase("call", "99999")).code).toBe(2);
    const erased = await erase("call", String(seq));
    expect(erased.out).toContain(`erased ${seq} of the decisions`);
    expect((await erase("call", String(seq))).err).toContain("erased already");
    const left = linesOf(
      await runHere("audit", "--json", "--by", "anna", ...dir),
    );
    expect(left[0]?.seq).toBe(second?.seq);
    tamper(copy.path, (file) => {
      const row = file
        .prepare("SELECT * FROM decisions WHERE seq = ?")
        .get(seq);
      expect(row).toMatchObject({ body: null, salt: null });
    });
    // Once taken in, it is as good as any: who erased it is in the log.
    await using cloud = await startTestCloud({ dir: copy.path });
    const run_ = operatorOf(cloud);
    const checked = await run_("audit", "--verify");
    expect(checked).toMatchObject({ code: 0 });
    expect(checked.out).toMatch(/^10 calls/);
  });
});

const orgBy = async (cloud: TestCloud, token: string, name: string) => {
  const added = await askAsOperator(
    ...([cloud, token, ["POST", "/orgs", { name }]] as const),
  );
  expect(added.status).toBe(201);
};

const linesOf = ({ code, out, err }: Ran): readonly Listed[] => {
  expect({ code, err }).toEqual({ code: 0, err: "" });
  return out
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Listed);
};

async function pageOf(cloud: TestCloud, query: string): Promise<Page> {
  const { body } = await askAsOperator<Page>(
    ...([cloud, cloud.operator, ["GET", `/audit${query}`]] as const),
  );
  return body;
}

function copyOf(dir: string): Disposable & { readonly path: string } {
  const folder = temporaryFolder();
  const path = join(folder.path, "cloud");
  cpSync(dir, path, { recursive: true });
  return { path, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

function tamper<T>(dir: string, act: (file: BetterSqlite3.Database) => T): T {
  const file = new BetterSqlite3(join(dir, "decisions.db"));
  try {
    return act(file);
  } finally {
    file.close();
  }
}
