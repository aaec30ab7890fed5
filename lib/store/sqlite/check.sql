-- The queries of `check`. Each returns a line per finding, up to a hundred.

-- name: integrity_check
PRAGMA integrity_check(100)

-- name: foreign_key_check
SELECT 'a row of ' || "table" || ' names a row of ' || parent || ' that does not exist'
FROM pragma_foreign_key_check
LIMIT 100

-- name: check_deliveries
-- The table's constraints state the same, but a file that another program has written may break
-- them.
SELECT 'delivery ' || id || ' in state ' || state || ' breaks an invariant'
FROM delivery
WHERE
  (state = 'pending') <> (due_at_ms IS NOT NULL)
  OR (state = 'pending') <> (finished_at_ms IS NULL)
  OR (state = 'dead') <> (dead_reason IS NOT NULL)
  OR state NOT IN ('pending', 'delivered', 'dead', 'cancelled')
ORDER BY id
LIMIT 100

-- name: check_attempts
SELECT 'delivery ' || d.id || ' counts ' || d.attempts_count || ' attempts and has others'
FROM delivery AS d
WHERE
  d.attempts_count
  <> (SELECT coalesce(max(a.number), 0) FROM attempt AS a WHERE a.delivery_id = d.id)
ORDER BY d.id
LIMIT 100

-- name: check_ids
SELECT 'event ' || id || ' was drawn before its creation'
FROM event
WHERE (id >> 20) < created_at_ms
ORDER BY id
LIMIT 100
