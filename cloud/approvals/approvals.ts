import type { FeedName } from "../../agent/model/position.js";
import { Malformed } from "../../agent/protocol/malformed.js";
import { Refused } from "../../agent/protocol/refusals.js";
import { parseJson } from "../../agent/protocol/shapes.js";
import { SignedText } from "../../agent/protocol/signed-text.js";
import type { Clock } from "../../agent/runtime/clock.js";
import { TrustedApproval } from "../../agent/trust/approval.js";
import type { Database, Statement } from "../journal/database.js";
import type { ApprovalPublished } from "../journal/decision-events.js";
import type { Decisions } from "../journal/decisions.js";
import { lookThenAppend } from "../journal/look-then-append.js";
import type { Signing } from "../roots/signing.js";

/** An approval that was published, and by whom. */
export interface PublishedApproval {
  readonly text: SignedText;
  /** Milliseconds since 1970. */
  readonly publishedAt: number;
  readonly publishedBy: string;
}

export interface ApprovalPorts {
  readonly decisions: Pick<Decisions, "level" | "append" | "catchUp">;
  readonly signing: Pick<Signing, "root">;
  readonly clock: Pick<Clock, "now">;
  /** Which feeds there are. */
  hasFeed(feed: FeedName): boolean;
}

/** What the critical keys allow each feed: taken down, and told to its agents. */
export class Approvals {
  readonly #ports: ApprovalPorts;
  readonly #one: Statement<Row>;
  readonly #all: Statement<Row>;

  constructor(database: Database, ports: ApprovalPorts) {
    this.#ports = ports;
    this.#one = database.prepare("SELECT * FROM approvals WHERE feed = ?");
    this.#all = database.prepare("SELECT * FROM approvals ORDER BY feed");
  }

  /** The newest of every feed, whether or not agents still believe it. */
  all(): readonly PublishedApproval[] {
    return this.#all.all().map(publishedOf);
  }

  /** What agents that follow these feeds are told. */
  of(feeds: readonly FeedName[]): readonly SignedText[] {
    return feeds.flatMap((feed) => {
      const row = this.#one.get(feed);
      if (row === undefined || this.#standing(row) === undefined) return [];
      return [publishedOf(row).text];
    });
  }

  /**
   * Puts an approval in the place of the feed's newest.
   * @throws Refused or Malformed, as agents would, and then nothing has happened
   */
  async publish(text: SignedText, by: string): Promise<ApprovalPublished> {
    const { decisions, signing, clock } = this.#ports;
    const approval = TrustedApproval.open(text, signing.root);
    const { feed, version } = approval.document;
    if (!this.#ports.hasFeed(feed))
      throw new Refused("wrong-feed", `there is no ${feed}`);
    const event = { kind: "approval", feed, version, text, by } as const;
    return lookThenAppend(decisions, () => {
      const row = this.#one.get(feed);
      approval.mustReplace(row && this.#standing(row), clock.now());
      return { events: [event], answer: event };
    });
  }

  /** The approval that agents of the feed go by, while it is good. */
  standing(feed: FeedName): TrustedApproval | undefined {
    const row = this.#one.get(feed);
    const found = row && this.#standing(row);
    return found?.isGoodAt(this.#ports.clock.now()) ? found : undefined;
  }

  /** Undefined once the newest root bears it out no more. */
  #standing(row: Row): TrustedApproval | undefined {
    const { text } = publishedOf(row);
    try {
      return TrustedApproval.open(text, this.#ports.signing.root);
    } catch (error) {
      if (error instanceof Refused || error instanceof Malformed) {
        return undefined;
      }
      throw error;
    }
  }
}

interface Row {
  readonly signed: string;
  readonly published_at: number;
  readonly published_by: string;
}

const publishedOf = (row: Row): PublishedApproval => ({
  text: parseJson(SignedText, row.signed, "approval"),
  publishedAt: row.published_at,
  publishedBy: row.published_by,
});
