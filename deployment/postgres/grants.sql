-- What the service may do with the tables of their owner, who runs this after each migration:
-- what is written there for ever it may read and add to (docs/audit.md).
GRANT USAGE ON SCHEMA public TO payments_service;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO payments_service;
REVOKE UPDATE, DELETE ON audit_events, operator_events, finance_exports FROM payments_service;
REVOKE DELETE ON orders FROM payments_service;
REVOKE INSERT, DELETE ON log_ends FROM payments_service;
REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM payments_service;
