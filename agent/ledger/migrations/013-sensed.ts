/**
 * Which of this host's own bans a sensor decided on. Earlier versions had it in
 * their reasons alone, always in these words.
 */
export const sensed = {
  id: 13,
  up: (db: { exec(sql: string): unknown }): void => void db.exec(schema),
};

const schema = `
  ALTER TABLE bans ADD COLUMN by_sensor INTEGER NOT NULL DEFAULT 0;
  UPDATE bans SET by_sensor = 1
    WHERE copy IN (SELECT id FROM copies WHERE feed = 'local')
      AND reason IN (SELECT id FROM reasons
        WHERE text = 'sshd: too many failed logins on this host');
`;
