import type { Client } from "./client.js";

/** What a request asks for; what is undefined is not asked. */
export type Query = Readonly<Record<string, string | undefined>>;

/** As the API hands out lists. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Null: there is no more. */
  readonly next: string | null;
}

/** One page of a list. */
export const pageOf = async <T>(
  client: Client,
  path: string,
  query: Query = {},
): Promise<Page<T>> => client.ask("GET", path + textOf(query));

/** A whole list, page by page. */
export async function allOf<T>(
  client: Client,
  path: string,
  query: Query = {},
): Promise<readonly T[]> {
  const items: T[] = [];
  for (let cursor: string | undefined; ;) {
    const page: Page<T> = await pageOf(client, path, { ...query, cursor });
    for (const item of page.items) items.push(item);
    if (page.next === null) return items;
    cursor = page.next;
  }
}

/** As a URL has it, with its question mark. */
export function textOf(query: Query): string {
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) asked.set(name, value);
  }
  return asked.size === 0 ? "" : `?${asked.toString()}`;
}
