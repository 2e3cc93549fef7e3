import { parseListedCidr } from "../../agent/model/cidr.js";
import type { DecisionProjection } from "../journal/view.js";
import { networkOfHost } from "./bans-on.js";

/** What was contested, with what came of it, and who may contest by a code. */
export const contestTables: DecisionProjection = {
  tables: `
    CREATE TABLE contests (
      seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, address TEXT NOT NULL,
      network TEXT NOT NULL, proof TEXT NOT NULL,
      opened TEXT NOT NULL, opened_at INTEGER NOT NULL,
      answer_by INTEGER NOT NULL, token_hash TEXT, answered TEXT,
      answered_at INTEGER
    ) STRICT;
    CREATE INDEX contests_by_address ON contests (address);
    CREATE INDEX contests_by_token ON contests (token_hash);
    CREATE INDEX contests_open ON contests (answer_by)
      WHERE answered IS NULL;
    CREATE INDEX contests_open_on ON contests (network)
      WHERE answered IS NULL;
    CREATE TABLE contest_codes (
      hash TEXT PRIMARY KEY, address TEXT NOT NULL,
      expires_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID`,

  fold(database) {
    const open = database.prepare(
      `INSERT INTO contests VALUES
         (@seq, @id, @address, @network, @proof, @opened, @at, @answerBy,
          @tokenHash, NULL, NULL)`,
    );
    const answer = database.prepare(
      "UPDATE contests SET answered = ?, answered_at = ? WHERE id = ?",
    );
    // Who waits for an answer stays.
    const forget = database.prepare(
      `DELETE FROM contests WHERE answered IS NOT NULL AND seq <= (SELECT seq
         FROM contests ORDER BY seq DESC LIMIT 1 OFFSET ${MOST_KEPT})`,
    );
    const invite = database.prepare(
      "INSERT OR REPLACE INTO contest_codes VALUES (?, ?, ?)",
    );
    const use = database.prepare(
      "DELETE FROM contest_codes WHERE hash = ? OR expires_at <= ?",
    );
    return ({ seq, at, event }) => {
      if (event.kind === "contest-opened") {
        const { kind: _, contest: id, ...rest } = event;
        const { address, proof, answerBy, tokenHash = null, codeHash } = rest;
        const network = networkOfHost(parseListedCidr(address));
        const opened = JSON.stringify(rest);
        const said = { address, network, proof, opened, answerBy, tokenHash };
        open.run({ seq, id, at, ...said });
        use.run(codeHash ?? "", at);
        forget.run();
      } else if (event.kind === "contest-answered") {
        const { kind: _, contest, ...rest } = event;
        answer.run(JSON.stringify(rest), at, contest);
      } else if (event.kind === "contest-invited") {
        use.run("", at);
        invite.run(event.codeHash, event.address, event.expiresAt);
      }
    };
  },
};

const MOST_KEPT = 10_000;
