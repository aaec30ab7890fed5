-- What a delivery waits in line with at its endpoint: NULL = with none, '' = with all that are for a
-- strict endpoint, else the ordering key. Decided when the delivery is created.
ALTER TABLE delivery ADD COLUMN lane_key text COLLATE "C";

-- Those without a line are found by when they are due, as before; the others by their line, oldest
-- first. Each is in one of the two.
DROP INDEX delivery_due;
CREATE INDEX delivery_due ON delivery (endpoint_id, due_at_ms, id)
WHERE state = 'pending' AND lane_key IS NULL;
CREATE INDEX delivery_ordered ON delivery (endpoint_id, lane_key, id, due_at_ms)
WHERE state = 'pending' AND lane_key IS NOT NULL;
