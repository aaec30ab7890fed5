-- When a request last used the key, to the minute: written beside requests, not by each. NULL: never.
ALTER TABLE api_key ADD COLUMN last_used_at_ms bigint;
