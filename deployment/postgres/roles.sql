-- Two roles, so that the one that serves owns nothing: it can neither change the schema nor take
-- the guard off the audit log.
CREATE ROLE payments_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE payments_service LOGIN PASSWORD :'service_password';
CREATE DATABASE payments OWNER payments_owner;
REVOKE ALL ON DATABASE payments FROM PUBLIC;
GRANT CONNECT ON DATABASE payments TO payments_service;
