import type { Answers, Page } from "../../api-types.js";
import { ChoiceField, TextField } from "../../parts/fields.js";
import { isVendor, session, type Role } from "../../session.js";
import { useAsked } from "../../use-asked.js";
import { ROLES, roleChoices, upTo } from "./roles.js";

/** What somebody may do, and for whom, while it is chosen. */
export interface Grant {
  readonly role: Role;
  /** "": the vendor. */
  readonly org: string;
  /** Of a partner. */
  readonly collection: string;
  /** Of an actuator, as they are written. */
  readonly perMinute: string;
  readonly widestV4: string;
  readonly widestV6: string;
  readonly longestDays: string;
}

export const NEW_GRANT: Grant = {
  ...{ role: "viewer", org: "", collection: "urgent", perMinute: "60" },
  ...{ widestV4: "24", widestV6: "56", longestDays: "7" },
};

/** The same as the API takes it. */
export function grantBody(grant: Grant) {
  const { role, org, collection } = grant;
  return {
    role,
    ...(isVendor.value && { org: org === "" ? null : org }),
    ...(role === "partner" && { collection }),
    ...(role === "actuator" && { limits: limitsOf(grant) }),
  };
}

const DAY_S = 86_400;

const limitsOf = (grant: Grant) => ({
  perMinute: Number(grant.perMinute),
  widestV4: Number(grant.widestV4),
  widestV6: Number(grant.widestV6),
  longestS: Math.round(Number(grant.longestDays) * DAY_S),
});

interface GrantProps {
  readonly grant: Grant;
  readonly onChange: (grant: Grant) => void;
}

export function GrantFields({ grant, onChange }: GrantProps) {
  const most = session.value?.operator.role ?? "viewer";
  return (
    <>
      <ChoiceField
        label="Role"
        value={grant.role}
        choices={roleChoices(upTo(most, ROLES))}
        onChange={(role) => onChange({ ...grant, role: role as Role })}
      />
      {isVendor.value && <OrgField grant={grant} onChange={onChange} />}
      {grant.role === "partner" && (
        <TextField
          label="Feed that they read"
          hint="Such as urgent, reputation, or org/acme."
          value={grant.collection}
          onChange={(collection) => onChange({ ...grant, collection })}
        />
      )}
      {grant.role === "actuator" && (
        <LimitFields grant={grant} onChange={onChange} />
      )}
    </>
  );
}

function OrgField({ grant, onChange }: GrantProps) {
  const { data } =
    useAsked<Page<Answers["listOrgs"]["items"][number]>>("/orgs");
  return (
    <ChoiceField
      label="Of"
      value={grant.org}
      choices={[
        ["", "the vendor: sees every customer"],
        ...(data?.items ?? []).map(
          ({ id, name }) => [id, `${name}: sees nobody else's`] as const,
        ),
      ]}
      onChange={(org) => onChange({ ...grant, org })}
    />
  );
}

const LIMITS = [
  ["perMinute", "Bans and lifts a minute"],
  ["widestV4", "Widest IPv4 range: /"],
  ["widestV6", "Widest IPv6 range: /"],
  ["longestDays", "Longest ban, in days"],
] as const;

function LimitFields({ grant, onChange }: GrantProps) {
  return (
    <div class="two-fields">
      {LIMITS.map(([name, label]) => (
        <TextField
          key={name}
          label={label}
          value={grant[name]}
          onChange={(value) => onChange({ ...grant, [name]: value })}
        />
      ))}
    </div>
  );
}
