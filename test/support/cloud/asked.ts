import type { Database } from "../../../cloud/journal/database.js";

/** A database that tells of each statement, as often as it is asked, and what came. */
export function watched(
  database: Database,
  asked: (text: string, came: unknown) => void,
): Database {
  const prepare = (text: string) => {
    const statement = database.prepare(text);
    return new Proxy(statement, {
      get: (target, key, receiver: unknown) => {
        const method: unknown = Reflect.get(target, key);
        if (typeof method !== "function") return method;
        return (...args: unknown[]) => {
          const came: unknown = Reflect.apply(method, target, args);
          if (key === "all" || key === "get") asked(text, came);
          return came === target ? receiver : came;
        };
      },
    });
  };
  return new Proxy(database, {
    get: (target, key) =>
      key === "prepare" ? prepare : (Reflect.get(target, key) as unknown),
  });
}

/** How SQLite goes about a statement, line by line. */
export const planOf = (
  database: Database,
  text: string,
  values: readonly unknown[],
): readonly string[] =>
  database
    .prepare<unknown[], { readonly detail: string }>(
      `EXPLAIN QUERY PLAN ${text}`,
    )
    .all(...values)
    .map(({ detail }) => detail);
