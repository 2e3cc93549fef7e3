import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import Sqlite from "better-sqlite3";
import { replaceNewer } from "../../agent/spool/newer.js";
import { NOW, SpoolFolder, vitals } from "./items.js";

describe("a spool that a later version left", () => {
  let folder: SpoolFolder;

  beforeEach(() => {
    folder = new SpoolFolder();
  });
  afterEach(() => folder[Symbol.dispose]());

  it("stays where it can be read, and no number is given again", () => {
    const { id } = folder.open();
    folder.open().append([vitals(1), vitals(2)], NOW);
    folder.close();
    expect(replaceNewer(folder.path, NOW)).toBe(false);
    const spool = folder.open();
    expect(spool.id).toBe(id);
    spool.append([vitals(3)], NOW);
    expect(spool.counts().last).toBe(3);
  });

  it("makes way for one of another name where it cannot: what was never sent goes along", () => {
    const spool = folder.open();
    const { id } = spool;
    spool.append([vitals(1)], NOW);
    const first = spool.next();
    if (first !== undefined) spool.markSent(first);
    spool.append([vitals(2)], NOW);
    folder.close();
    const sqlite = new Sqlite(folder.path);
    sqlite.pragma("user_version = 99");
    sqlite.close();

    expect(replaceNewer(folder.path, NOW)).toBe(true);

    const next = folder.open();
    expect(next.id).not.toBe(id);
    expect(next.next()?.items).toEqual([
      expect.objectContaining({ kind: "dropped", reason: "spool-lost" }),
      vitals(2),
    ]);
  });
});
