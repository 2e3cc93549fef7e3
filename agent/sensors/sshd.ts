/** What a message of sshd says of a connection. */
export interface AuthEvent {
  /**
   * `attempt`: a password or its like was wrong; each is one failure.
   * `failure`: the connection failed in some way; one failure, together with
   * all its attempts. `accepted`: somebody logged in.
   */
  readonly kind: "attempt" | "failure" | "accepted";
  /** As sshd wrote it: an address, or a host's name. */
  readonly from: string;
  /** The remote port; "" where the message has none. */
  readonly port: string;
}

/** What sshd's processes log as; since OpenSSH 9.8 there are several. */
export const SSHD_IDENTIFIERS: readonly string[] = [
  "sshd",
  "sshd-session",
  "sshd-auth",
];

/**
 * Reads a message of sshd; undefined when it says nothing of interest.
 *
 * The name of a user is whatever the attacker typed, spaces and addresses
 * included. Every pattern begins where the message begins. Where a name comes
 * before the address, it also ends where the message ends, so that the last
 * address counts; where the attacker's words come behind the address, nothing
 * but sshd's own words may come before it.
 */
export function readSshd(message: string): AuthEvent | undefined {
  const text = message.replace(LEVEL, "");
  const end = text.search(NO_LETTER);
  for (const { kind, form } of FORMS.get(text.slice(0, end)) ?? NO_FORMS) {
    const groups = form.exec(text)?.groups;
    const from = groups?.["from"];
    if (from !== undefined) return { kind, from, port: groups?.["port"] ?? "" };
  }
  return undefined;
}

/**
 * Whether a message begins as sshd's do, of interest or not: a reader that
 * understands none of many is reading something else.
 */
export const isOfSshd = (message: string): boolean => USUAL.test(message);

const LEVEL = /^(?:error|fatal): /;
const NO_LETTER = /[^A-Za-z]/;

interface Form {
  readonly kind: AuthEvent["kind"];
  readonly form: RegExp;
}

const FROM = "(?<from>\\S+)";
const AT = `${FROM} port (?<port>\\d{1,5})`;
const SOMEBODY = "(?:authenticating|invalid) user .*";
const ENDING = "(?: ssh\\d)?(?: \\[preauth\\])?";

const form = (kind: AuthEvent["kind"], source: string): Form => ({
  kind,
  form: new RegExp(`^${source}`, "s"),
});
const attempt = (source: string) => form("attempt", source);
const failure = (source: string) => form("failure", source);
const accepted = (source: string) => form("accepted", source);

/**
 * By the first word of a message, so that most of them meet no pattern. What is
 * left out on purpose: a public key that fits nobody (clients offer all that
 * they have; that such a connection ends without a login does count), and
 * connections on which nobody tried to log in (monitoring looks so).
 */
const FORMS: ReadonlyMap<string, readonly Form[]> = new Map([
  [
    "Failed",
    [
      attempt(
        `Failed (?!(?:publickey|none|hostbased) )\\S+ for .*from ${AT}${ENDING}$`,
      ),
    ],
  ],
  [
    "Invalid",
    [failure(`Invalid user .*from ${FROM}(?: port (?<port>\\d{1,5}))?$`)],
  ],
  ["Illegal", [failure(`Illegal user .*from ${FROM}$`)]],
  [
    "Bad",
    [
      failure(
        `Bad protocol version identification '.*' from ${FROM}(?: port (?<port>\\d{1,5}))?$`,
      ),
    ],
  ],
  [
    "Connection",
    [
      failure(
        `Connection (?:closed|reset) by ${SOMEBODY} ${AT} \\[preauth\\]$`,
      ),
    ],
  ],
  [
    "Disconnected",
    [failure(`Disconnected from ${SOMEBODY} ${AT} \\[preauth\\]$`)],
  ],
  [
    "Disconnecting",
    [
      failure(
        `Disconnecting ${SOMEBODY} ${AT}: Too many authentication failures \\[preauth\\]$`,
      ),
    ],
  ],
  [
    "maximum",
    [
      failure(
        `maximum authentication attempts exceeded for .*from ${AT}${ENDING}$`,
      ),
    ],
  ],
  ["Unable", [failure(`Unable to negotiate with ${AT}: `)]],
  [
    "banner",
    [failure(`banner exchange: Connection from ${AT}: invalid format$`)],
  ],
  ["User", [failure(`User .*from ${FROM} not allowed because [^:]{1,80}$`)]],
  [
    "ROOT",
    [
      failure(
        `ROOT LOGIN REFUSED FROM ${FROM}(?: port (?<port>\\d{1,5}))?(?: \\[preauth\\])?$`,
      ),
    ],
  ],
  [
    "PAM",
    [
      failure(
        `PAM: (?:Authentication failure|User not known to the underlying authentication module) for .*from ${FROM}(?: via \\S+)?$`,
      ),
      failure(`PAM \\d+ more authentication failures?; ${pamFields()}`),
    ],
  ],
  [
    "pam",
    [
      failure(
        `pam_\\w+\\(sshd:auth\\): authentication failure; ${pamFields()}`,
      ),
    ],
  ],
  ["Accepted", [accepted(`Accepted \\S+ for .*from ${AT}${ENDING}(?:$|: )`)]],
]);

const NO_FORMS: readonly Form[] = [];

/** The user's name comes last, behind the address. */
function pamFields(): string {
  return (
    "logname=\\S* uid=\\d+ euid=\\d+ tty=\\S* ruser=\\S* " +
    `rhost=${FROM}(?:\\s|$)`
  );
}

/** The first words of what sshd and its PAM modules say, from OpenSSH 4 on. */
const USUAL =
  /^(?:Accepted|Address|Authentication|Authorized|Bad|Certificate|Change|Close|Closing|Connection|Corrupted|Could|Did|Disconnect|Disconnected|Disconnecting|Exiting|Failed|Found|Illegal|Invalid|Local|Login|Missing|Nasty|No|PAM|Postponed|Protocol|ROOT|Received|Refusing|Server|Session|Set|Starting|Timeout|Transferred|Unable|User|banner|beginning|buffer_get|drop|dispatch|error|exited|expired|fatal|input_userauth|invalid|kex|lastlog|last message|maximum|message repeated|mm_|monitor|no|pam_|penalty|refused|reverse|rexec|session|ssh|srclimit|subsystem|syslogin|userauth)/;
