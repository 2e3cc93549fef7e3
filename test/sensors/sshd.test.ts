import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { formatCidr, parseCidr } from "../../agent/model/cidr.js";
import { readSource } from "../../agent/sensors/source.js";
import { isOfSshd, readSshd } from "../../agent/sensors/sshd.js";

/** What a message comes to: "kind address". */
function told(message: string): string | undefined {
  const sign = readSshd(message);
  const source = sign && readSource(sign.from);
  return source && `${sign.kind} ${formatCidr(source.address)}`;
}

const A = "203.0.113.7";
const PAM =
  "authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=";

describe("messages of sshd", () => {
  it.each([
    [`Failed password for root from ${A} port 50022 ssh2`],
    [`Failed password for invalid user admin from ${A} port 22 ssh2`],
    [`Failed password for invalid user  from ${A} port 22 ssh2`],
    [`Failed password for root from ${A} port 50022`],
    [
      `Failed keyboard-interactive/pam for invalid user x from ${A} port 9 ssh2`,
    ],
    [`Failed keyboard-interactive for root from ${A} port 9 ssh2`],
  ])("counts an attempt: %s", (message) => {
    expect(told(message)).toBe(`attempt ${A}`);
  });

  it.each([
    [`Invalid user admin from ${A} port 50022`],
    [`Invalid user admin from ${A}`],
    [`Invalid user  from ${A} port 50022`],
    [`Connection closed by authenticating user root ${A} port 1 [preauth]`],
    [`Connection closed by invalid user admin ${A} port 1 [preauth]`],
    [`Connection reset by authenticating user root ${A} port 1 [preauth]`],
    [`Disconnected from authenticating user root ${A} port 1 [preauth]`],
    [`Disconnected from invalid user  ${A} port 1 [preauth]`],
    [
      `Disconnecting authenticating user root ${A} port 1: Too many authentication failures [preauth]`,
    ],
    [
      `error: maximum authentication attempts exceeded for root from ${A} port 1 ssh2 [preauth]`,
    ],
    [
      `error: maximum authentication attempts exceeded for invalid user x from ${A} port 1 ssh2 [preauth]`,
    ],
    [
      `Unable to negotiate with ${A} port 1: no matching host key type found. Their offer: ssh-dss [preauth]`,
    ],
    [
      `fatal: Unable to negotiate with ${A} port 1: no matching cipher found. Their offer: aes128-cbc [preauth]`,
    ],
    [`banner exchange: Connection from ${A} port 1: invalid format`],
    [`User root from ${A} not allowed because not listed in AllowUsers`],
    [`ROOT LOGIN REFUSED FROM ${A} port 1`],
    [`ROOT LOGIN REFUSED FROM ${A}`],
    [`ROOT LOGIN REFUSED FROM ${A} port 1 [preauth]`],
    [`error: PAM: Authentication failure for root from ${A} via 192.0.2.9`],
    [`Illegal user admin from ${A}`],
    [
      `Bad protocol version identification 'GET / HTTP/1.1' from ${A} port 40000`,
    ],
    [`Bad protocol version identification '\\026\\003\\001' from ${A} port 4`],
    [`Bad protocol version identification '' from ${A}`],
    [`error: PAM: Authentication failure for root from ${A}`],
    [
      `error: PAM: User not known to the underlying authentication module for illegal user x from ${A}`,
    ],
    [`pam_unix(sshd:auth): ${PAM}${A} `],
    [`pam_unix(sshd:auth): ${PAM}${A}  user=root`],
    [`pam_sss(sshd:auth): ${PAM}${A} user=alice`],
    [
      `PAM 2 more authentication failures; logname= uid=0 euid=0 tty=ssh ruser= rhost=${A}  user=root`,
    ],
  ])("counts a connection's failure: %s", (message) => {
    expect(told(message)).toBe(`failure ${A}`);
  });

  it.each([
    [`Accepted password for alice from ${A} port 1 ssh2`],
    [`Accepted publickey for alice from ${A} port 1 ssh2: ED25519 SHA256:abc`],
    [
      `Accepted publickey for a from ${A} port 1 ssh2: ED25519-CERT SHA256:a ID a (serial 0) CA RSA SHA256:b`,
    ],
  ])("notices a login: %s", (message) => {
    expect(told(message)).toBe(`accepted ${A}`);
  });

  it.each([
    [`Failed publickey for root from ${A} port 1 ssh2: RSA SHA256:abc`],
    [`Failed none for root from ${A} port 1 ssh2`],
    [`Connection closed by ${A} port 1 [preauth]`],
    [`Connection reset by ${A} port 1 [preauth]`],
    [`Connection closed by ${A} port 1`],
    [`Disconnected from user alice ${A} port 1`],
    [`Received disconnect from ${A} port 1:11: disconnected by user`],
    [`Connection from ${A} port 1 on 192.0.2.1 port 22 rdomain ""`],
    [`Did not receive identification string from ${A} port 1`],
    [`pam_unix(sshd:session): session opened for user alice by (uid=0)`],
    [`pam_unix(cron:auth): ${PAM}${A} `],
    [`Server listening on 0.0.0.0 port 22.`],
    [``],
  ])("does not count: %s", (message) => {
    expect(told(message)).toBeUndefined();
  });

  it.each([
    ["2001:db8::7", "2001:db8::7"],
    ["fe80::1%eth0", "fe80::1"],
    ["::ffff:203.0.113.7", A],
    ["attacker.example.com", undefined],
    ["localhost", undefined],
    ["UNKNOWN", undefined],
    ["203.0.113.0/24", undefined],
    ["203.0.113.007", undefined],
    ["203.0.113.256", undefined],
    ["1.2.3.4.5", undefined],
    [":".repeat(80), undefined],
  ])("reads the address %s", (text, address) => {
    const message = `Failed password for root from ${text} port 22 ssh2`;
    expect(told(message)).toBe(address && `attempt ${address}`);
  });

  it("takes the /64 of an IPv6 address for one source", () => {
    expect(readSource("2001:db8:1:2:3:4:5:6")?.name).toBe("2001:db8:1:2::/64");
    expect(readSource("192.0.2.1")?.name).toBe("192.0.2.1");
  });

  it("takes each address of a translator for another source", () => {
    const ours = [parseCidr("2001:db8:46:64::/96")];
    const read = (text: string) => {
      const { name, origin } = readSource(text, ours)!;
      return [name, formatCidr(origin)];
    };
    const translated = "2001:db8:46:64::cb00:7107";
    expect(read(translated)).toEqual([translated, "203.0.113.7"]);
    const known = "64:ff9b::cb00:7107";
    expect(read(known)).toEqual([known, "203.0.113.7"]);
    const unread = "64:ff9b:1:2::cb00:7107"; // of a network that told nobody
    expect(read(unread)).toEqual([unread, unread]);
    expect(read("2001:db8:46:65::1")[0]).toBe("2001:db8:46:65::/64");
  });
});

describe("a message that lies about its address", () => {
  const victim = "198.51.100.1";

  it.each([
    [`from ${victim}`],
    [`x from ${victim} port 22 ssh2`],
    [`x from ${victim} port 22 ssh2 from`],
    [`root from ${victim} port 22 ssh2\nFailed password for root`],
    [`x ${victim} port 22 [preauth]`],
    [`x ${victim} port 22 [preauth] y`],
    [`x from ${victim} not allowed because not listed in AllowUsers`],
    [`x from ${victim}`],
    [`rhost=${victim}`],
    [`\x1b[2K\rFailed password for root from ${victim} port 1 ssh2`],
    [`a port 22`],
    [`x' from ${victim} port 22`],
    [`x' from ${victim} port 22' from`],
    [`x from ${victim} via ${victim}`],
    [`é\u2028${victim}`],
  ])("is not believed when the user is %j", (user) => {
    for (const message of messagesNaming(user, A)) {
      expect([message, told(message)?.split(" ")[1]]).toEqual([message, A]);
    }
  });

  it("is not believed whatever the user is called", () => {
    const words = fc.constantFrom(
      ...["from", "port", "22", "ssh2", victim, "[preauth]", " ", "\n", ":"],
      ...["invalid user", "not allowed because", "for", `rhost=${victim}`],
      ...["Failed password for", "user=", "Too many authentication failures"],
    );
    const user = fc
      .array(fc.oneof(words, fc.string()), { maxLength: 12 })
      .map((parts) => parts.join(" "));
    fc.assert(
      fc.property(user, (name) => {
        for (const message of messagesNaming(name, A)) {
          expect(told(message)?.split(" ")[1]).toBe(A);
        }
      }),
    );
  });

  it.each([
    [
      `Disconnecting invalid user x ${A} port 22: Change of username or service not allowed: (x,ssh-connection) -> (y ${victim} port 22: Too many authentication failures [preauth],ssh-connection) [preauth]`,
    ],
    [
      `Failed publickey for root from ${A} port 22 ssh2: ED25519-CERT SHA256:a ID x from ${victim} port 22 ssh2 (serial 0) CA RSA SHA256:b`,
    ],
    [
      `Received disconnect from ${A} port 22:11: Failed password for root from ${victim} port 22 ssh2`,
    ],
    [
      `banner exchange: Connection from ${A} port 22: could not read protocol version from ${victim} port 22: invalid format`,
    ],
  ])("is not believed in words that it chose: %s", (message) => {
    expect(told(message)).toBeUndefined();
  });

  it("is not believed in what it offers", () => {
    const offer = `x from ${victim} port 22: no matching`;
    const message = `Unable to negotiate with ${A} port 22: no matching cipher found. Their offer: ${offer} [preauth]`;
    expect(told(message)).toBe(`failure ${A}`);
  });
});

/** Every form that has the name of a user in it. */
function messagesNaming(user: string, address: string): string[] {
  return [
    `Failed password for ${user} from ${address} port 50022 ssh2`,
    `Failed password for invalid user ${user} from ${address} port 50022 ssh2`,
    `Failed keyboard-interactive/pam for invalid user ${user} from ${address} port 1 ssh2`,
    `Invalid user ${user} from ${address} port 50022`,
    `Connection closed by invalid user ${user} ${address} port 50022 [preauth]`,
    `Disconnected from invalid user ${user} ${address} port 50022 [preauth]`,
    `Disconnecting invalid user ${user} ${address} port 1: Too many authentication failures [preauth]`,
    `error: maximum authentication attempts exceeded for invalid user ${user} from ${address} port 1 ssh2 [preauth]`,
    `User ${user} from ${address} not allowed because not listed in AllowUsers`,
    `error: PAM: Authentication failure for illegal user ${user} from ${address}`,
    `error: PAM: Authentication failure for ${user} from ${address} via 192.0.2.9`,
    `Bad protocol version identification '${user}' from ${address} port 40000`,
    `Bad protocol version identification '${user}' from ${address}`,
    `Illegal user ${user} from ${address}`,
    `pam_unix(sshd:auth): ${PAM}${address}  user=${user}`,
  ];
}

describe("what sshd usually says", () => {
  it.each([
    [`Connection closed by ${A} port 1 [preauth]`],
    [`Received disconnect from ${A} port 1:11: Bye Bye [preauth]`],
    ["Server listening on 0.0.0.0 port 22."],
    ["pam_unix(sshd:session): session opened for user alice by (uid=0)"],
    ["error: kex_exchange_identification: Connection closed by remote host"],
    ["Exiting on signal 15"],
    [
      "drop connection #10 from [203.0.113.7]:1 on [192.0.2.1]:22 past MaxStartups",
    ],
  ])("is understood: %s", (message) => {
    expect([isOfSshd(message), told(message)]).toEqual([true, undefined]);
  });

  it.each([["<wp-login> x"], ["Échec du mot de passe"], ["{}"], [""]])(
    "is not %s",
    (message) => expect(isOfSshd(message)).toBe(false),
  );
});
