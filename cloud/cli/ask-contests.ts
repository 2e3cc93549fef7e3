import type * as v from "valibot";
import type { Answered, Code, Contest } from "../api/routes/contests.js";
import type { Client } from "./client.js";
import { pageOf, type Page, type Query } from "./pages.js";

export type ContestItem = v.InferOutput<typeof Contest>;
export type AnsweredContest = v.InferOutput<typeof Answered>;
export type ContestCode = v.InferOutput<typeof Code>;

/** Newest first. */
export const contestsOf = async (
  client: Client,
  query: Query,
): Promise<Page<ContestItem>> => pageOf(client, "/contests", query);

export const contestOf = async (
  client: Client,
  contest: string,
): Promise<ContestItem> =>
  client.ask("GET", `/contests/${encodeURIComponent(contest)}`);

export const openContest = async (
  client: Client,
  complaint: {
    readonly address: string;
    readonly why: string;
    readonly contact: string | undefined;
  },
): Promise<ContestItem> => client.ask("POST", "/contests/open", complaint);

export const makeContestCode = async (
  client: Client,
  address: string,
): Promise<ContestCode> => client.ask("POST", "/contest-codes", { address });

export const answerContest = async (
  client: Client,
  contest: string,
  said: {
    readonly verdict: "released" | "shortened" | "refused";
    readonly answer: string;
    readonly for: string | undefined;
  },
): Promise<AnsweredContest> =>
  client.ask("POST", `/contests/${encodeURIComponent(contest)}/answer`, said);
