#!/bin/sh
# Makes Temporal's two databases and brings them to the schema of this version of the server.
# SQL_* variables say where. What is there already is refused by the tool and left as it is.
set -eu
for name in temporal visibility; do
  database=temporal
  [ "$name" = temporal ] || database=temporal_visibility
  temporal-sql-tool --db "$database" create || true
  temporal-sql-tool --db "$database" setup-schema -v 0.0 || true
  temporal-sql-tool --db "$database" update-schema \
    -d "/etc/temporal/schema/postgresql/v12/$name/versioned"
done
