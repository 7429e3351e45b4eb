-- People who sign in, their sessions, what protects both, and the trail of who looked at what.

CREATE TABLE account (
  account_id INTEGER PRIMARY KEY,
  login TEXT NOT NULL UNIQUE CHECK (login = lower(login) AND length(login) BETWEEN 2 AND 32),
  display_name TEXT NOT NULL CHECK (length(display_name) BETWEEN 1 AND 200),
  title TEXT NOT NULL DEFAULT '',
  role TEXT NOT NULL CHECK (role <> ''),
  scope TEXT NOT NULL DEFAULT '',
  password_hash TEXT NOT NULL,
  is_active INTEGER NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1)),
  created_ms INTEGER NOT NULL
) STRICT;

-- The token itself is only in the browser: a stolen copy of this table opens no session.
CREATE TABLE login_session (
  token_hash BLOB PRIMARY KEY CHECK (length(token_hash) = 32),
  account_id INTEGER NOT NULL REFERENCES account (account_id) ON DELETE CASCADE,
  created_ms INTEGER NOT NULL,
  seen_ms INTEGER NOT NULL,
  csrf TEXT NOT NULL,
  data TEXT NOT NULL DEFAULT '{}'
) STRICT, WITHOUT ROWID;

CREATE INDEX login_session_by_account ON login_session (account_id);
CREATE INDEX login_session_by_seen ON login_session (seen_ms);

-- A bucket is the digest of a login name and where the attempt came from. Names that do not exist have buckets too,
-- otherwise being slowed down would tell which names exist.
CREATE TABLE login_throttle (
  bucket BLOB PRIMARY KEY CHECK (length(bucket) = 32),
  failures INTEGER NOT NULL,
  failed_ms INTEGER NOT NULL,
  blocked_until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX login_throttle_by_failed ON login_throttle (failed_ms);

CREATE TABLE access_log (
  access_id INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL CHECK (action <> ''),
  subject TEXT NOT NULL
) STRICT;

CREATE INDEX access_log_by_subject ON access_log (subject, at_ms);

CREATE TRIGGER access_log_is_never_changed BEFORE UPDATE ON access_log
BEGIN
  SELECT raise(ABORT, 'the access log is never changed');
END;

-- What a form led to, so that sending it twice (double click, back button, second tab) leads to the same place.
CREATE TABLE form_receipt (
  form_key TEXT PRIMARY KEY CHECK (length(form_key) BETWEEN 16 AND 64),
  account_id INTEGER NOT NULL,
  location TEXT NOT NULL,
  made_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX form_receipt_by_made ON form_receipt (made_ms);
