"""Which errors mean that the database is away, so that asking again later may help."""

import asyncpg
from sqlalchemy.exc import DBAPIError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

# asyncpg's own errors appear while connecting, before SQLAlchemy translates them.
OUTAGES: tuple[type[Exception], ...] = (
    OSError,
    TimeoutError,
    PoolTimeoutError,
    DBAPIError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
)
# Of those, what no waiting will mend: a statement that fits no table.
BUGS: tuple[type[Exception], ...] = (ProgrammingError, asyncpg.SyntaxOrAccessError)
