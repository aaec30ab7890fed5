-- Nodes share databases of PostgreSQL alone: nothing to do.

PRAGMA user_version = 5;
