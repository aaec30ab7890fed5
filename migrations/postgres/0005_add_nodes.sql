-- Nodes that share the database.

CREATE TABLE node (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- By the database's clock. Whoever finds that it has passed may remove the node.
  lease_until timestamptz NOT NULL
);

-- The first statement of every transaction of a node: while that is open nobody can remove the
-- node, and a node that was removed writes nothing.
CREATE FUNCTION require_node(node_id bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM node WHERE id = node_id FOR KEY SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'another node has followed this one, whose lease had ended'
      USING ERRCODE = 'PR001';
  END IF;
END
$$;

DELETE FROM meta WHERE key = 'writer';
