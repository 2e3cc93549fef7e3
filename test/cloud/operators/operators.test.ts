import { describe, expect, it } from "@jest/globals";
import BetterSqlite3 from "better-sqlite3";
import { hashOf } from "../../../cloud/ids.js";
import type {
  OperatorEvent,
  OperatorJoined,
} from "../../../cloud/journal/operator-events.js";
import { MOST_LISTED } from "../../../cloud/operators/budgets.js";
import { Operators } from "../../../cloud/operators/operators.js";
import { operatorTables } from "../../../cloud/operators/operators.projection.js";
import type { Role } from "../../../cloud/operators/roles.js";

describe("an operator's token", () => {
  it("tells who calls, what they may, and from where", () => {
    const { operators, fold } = people();
    fold(joined("anna", "analyst", "acme"), tokenOf("anna", "secret"));
    expect(operators.byToken("secret", "192.0.2.1")).toEqual({
      ...{ operator: "opr-anna", name: "anna", role: "analyst", org: "acme" },
      ...{ credential: "tok-secret", from: "192.0.2.1" },
      ...{ steppedUpUntil: null, limits: null, collection: null },
    });
    expect(operators.byToken("Secret", "192.0.2.1")).toBeUndefined();
  });

  it("has the step-up with it at the socket in the cloud's folder", () => {
    const { operators, fold } = people();
    fold(joined("anna", "admin"), tokenOf("anna", "secret"));
    const caller = operators.byToken("secret", "socket");
    expect(caller).toMatchObject({ steppedUpUntil: NOW + 600_000 });
  });

  it("counts no more once it has expired", () => {
    const { operators, fold, clock } = people();
    const expiresAt = NOW + 1000;
    fold(joined("anna", "admin"), tokenOf("anna", "secret", { expiresAt }));
    clock.time = expiresAt - 1;
    expect(operators.byToken("secret", "socket")).toBeDefined();
    clock.time = expiresAt;
    expect(operators.byToken("secret", "socket")).toBeUndefined();
  });

  it("counts no more once it is revoked, also for who called before", () => {
    const { operators, fold } = people();
    fold(joined("anna", "admin"), tokenOf("anna", "secret"));
    const caller = operators.byToken("secret", "::1")!;
    expect(operators.again(caller)).toEqual(caller);
    const credential = "tok-secret";
    fold({ kind: "credential-revoked", credential, by: "first" });
    expect(operators.byToken("secret", "::1")).toBeUndefined();
    expect(operators.again(caller)).toBeUndefined();
  });

  it("counts while its operator is not disabled", () => {
    const { operators, fold } = people();
    fold(joined("anna", "admin"), tokenOf("anna", "secret"));
    fold(changed("anna", { disabled: true }));
    expect(operators.byToken("secret", "::1")).toBeUndefined();
    fold(changed("anna", { disabled: false }));
    expect(operators.byToken("secret", "::1")?.name).toBe("anna");
  });

  it("may do less than its operator, and never more", () => {
    const { operators, fold } = people();
    fold(joined("anna", "approver"));
    fold(tokenOf("anna", "secret", { role: "analyst" }));
    const roleNow = () => operators.byToken("secret", "::1")?.role;
    expect(roleNow()).toBe("analyst");
    fold(changed("anna", { role: "viewer" }));
    expect(roleNow()).toBe("viewer");
  });
});

describe("an operator", () => {
  it("of the time before there were roles is an admin of everything", () => {
    const { operators, fold } = people();
    const tokenHash = hashOf("secret");
    fold({ kind: "operator-added", name: "first", tokenHash });
    const digits = tokenHash.slice(0, 16);
    expect(operators.byToken("secret", "::1")).toMatchObject({
      ...{ operator: `opr-${digits}`, credential: `tok-${digits}` },
      ...{ name: "first", role: "admin", org: null },
    });
  });

  it("is found by id, by name however it is written, and by an issuer's", () => {
    const { operators, fold } = people();
    const subject = { issuer: "https://id.example", subject: "42" };
    fold({ ...joined("Anna", "viewer"), subject });
    for (const name of ["opr-Anna", "Anna", "anna", "ANNA"]) {
      expect(operators.operator(name)?.id).toBe("opr-Anna");
    }
    expect(operators.bySubject(subject.issuer, "42")[0]?.name).toBe("Anna");
    expect(operators.bySubject("https://other.example", "42")).toEqual([]);
  });

  it("who is disabled leaves their name to another", () => {
    const { operators, fold } = people();
    fold(joined("anna", "admin"), changed("anna", { disabled: true }));
    expect(operators.operator("anna")).toBeUndefined();
    fold({ ...joined("anna", "viewer"), operator: "opr-other" });
    expect(operators.operator("anna")?.id).toBe("opr-other");
    const ids = operators.named("anna").map(({ id }) => id);
    expect(ids).toEqual(["opr-other", "opr-anna"]);
  });

  it("has limits as an actuator alone, and a collection as a partner alone", () => {
    const { operators, fold } = people();
    const limits = { perMinute: 5, widestV4: 32, widestV6: 64, longestS: 60 };
    fold({ ...joined("bot", "actuator"), limits });
    expect(operators.operator("bot")).toMatchObject({ limits });
    const collection = "reputation" as const;
    fold(changed("bot", { role: "partner", collection }));
    expect(operators.operator("bot")).toMatchObject({
      limits: null,
      collection,
    });
  });

  it("is listed with those of the same org, if one is asked for", () => {
    const { operators, fold } = people();
    fold(joined("anna", "admin"), joined("ben", "viewer", "acme"));
    fold(joined("cleo", "viewer", "globex"));
    const names = (org?: string) => operators.list(org).map((o) => o.name);
    expect(names()).toEqual(["anna", "ben", "cleo"]);
    expect(names("acme")).toEqual(["ben"]);
    fold(changed("ben", { org: null }));
    expect(names("acme")).toEqual([]);
  });
});

describe("an operator's credentials", () => {
  it("are listed with all that count before those that did, which are bounded", () => {
    const { operators, fold, clock } = people();
    fold(joined("anna", "admin"));
    fold({
      ...{ kind: "credential-added", operator: "opr-anna", label: "password" },
      ...{ credential: "pwd-1", of: "password", expiresAt: null, by: "anna" },
    });
    const expiresAt = NOW + 1000;
    for (let each = 0; each < MOST_LISTED; each++) {
      fold(tokenOf("anna", `secret ${each}`, { expiresAt }));
    }
    clock.time = expiresAt;
    const listed = operators.credentials("opr-anna");
    expect(listed).toHaveLength(MOST_LISTED);
    expect(listed[0]?.id).toBe("pwd-1");
  });
});

describe("a passkey", () => {
  it("is found by the browser's id while it and its operator count", () => {
    const { operators, fold } = people();
    const passkey = { id: "k1", publicKey: "pk", transports: ["usb"] };
    fold(joined("anna", "viewer"), {
      ...{ kind: "credential-added", operator: "opr-anna", label: "key" },
      ...{ credential: "key-1", of: "passkey", passkey, expiresAt: null },
      by: "anna",
    });
    expect(operators.passkey("k1")).toMatchObject({ id: "key-1", passkey });
    fold(changed("anna", { disabled: true }));
    expect(operators.passkey("k1")).toBeUndefined();
    fold(changed("anna", { disabled: false }));
    fold({ kind: "credential-revoked", credential: "key-1", by: "anna" });
    expect(operators.passkey("k1")).toBeUndefined();
    expect(operators.credentials("opr-anna")).toMatchObject([
      { id: "key-1", revokedBy: "anna" },
    ]);
  });
});

const NOW = 1_800_000_000_000;

function people() {
  const decided = new BetterSqlite3(":memory:");
  decided.exec(operatorTables.tables);
  const take = operatorTables.fold(decided);
  const clock = { time: NOW, now: () => clock.time };
  let seq = 0;
  return {
    operators: new Operators({ decided }, { clock }),
    clock,
    fold: (...events: readonly OperatorEvent[]): void => {
      for (const event of events) {
        seq += 1;
        take({ seq, at: NOW + seq, event });
      }
    },
  };
}

const joined = (
  name: string,
  role: Role,
  org: string | null = null,
): OperatorJoined => ({
  ...{ kind: "operator-joined", operator: `opr-${name}` },
  ...{ name, role, org, by: "first" },
});

const changed = (name: string, what: object): OperatorEvent => ({
  ...{ kind: "operator-changed", operator: `opr-${name}` },
  ...{ ...what, by: "first" },
});

const tokenOf = (name: string, secret: string, more = {}): OperatorEvent => ({
  ...{ kind: "credential-added", operator: `opr-${name}` },
  ...{ credential: `tok-${secret}`, of: "token", label: "" },
  ...{ tokenHash: hashOf(secret), expiresAt: null, by: "first", ...more },
});
