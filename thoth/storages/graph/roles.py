"""Roles of the database: one that reads, one that writes rows besides, and one that owns the tables."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine

from ..exceptions import ConfigurationError
from .models_base import REMOVALS, Base
from .models_functions import FUNCTIONS
from .models_performance import ALL_PERFORMANCE_MODELS
from .models_views import VIEWS
from .revisions import VERSION_TABLE, told_what_errors_mean

assert ALL_PERFORMANCE_MODELS  # importing them puts their tables into the metadata

_LONGEST_NAME = 63  # PostgreSQL cuts the rest off
_RESERVED_NAMES = {"none", "public"}
_SCHEMA = "public"


@dataclass(frozen=True)
class Roles:
    """Names of the roles."""

    reader: str = "thoth_reader"
    """May read, such as a resolver."""
    writer: str = "thoth_writer"
    """May write rows, and change no table, such as a service that puts documents into the graph."""
    migrator: str = "thoth_migrator"
    """Owns the tables, and changes them: the one who upgrades."""

    def __post_init__(self) -> None:
        """Refuse what cannot be the name of a role, and one name for two.

        Raises:
            ConfigurationError: the message names the role.

        """
        for role, name in self._named().items():
            if not name.isprintable() or not 0 < len(name.encode()) <= _LONGEST_NAME:
                raise ConfigurationError(
                    f"{role}={name!r}: a name of a role has 1 to {_LONGEST_NAME} bytes, all of them printable"
                )
            if name in _RESERVED_NAMES or name.startswith("pg_"):
                raise ConfigurationError(f"{role}={name!r}: PostgreSQL reserves the name")
        if len(set(self._named().values())) < len(self._named()):
            told = ", ".join(f"{role}={name!r}" for role, name in self._named().items())
            raise ConfigurationError(f"{told}: each role has a name of its own")

    def _named(self) -> dict[str, str]:
        return {"reader": self.reader, "writer": self.writer, "migrator": self.migrator}


def statements(roles: Roles, database: str) -> list[str]:
    """Return the statements that make the roles, and give each what it may do; done again, they change nothing.

    They are for a superuser, or for the owner of the database when that may make roles. Tables that are there already
    become those of the migrator; those that it makes later can be read and written as they are. Who runs them gets no
    password of the roles: those that are made have none.

    Args:
        roles: their names.
        database: that they may connect to.

    """
    reader, writer, migrator = map(_identifier, (roles.reader, roles.writer, roles.migrator))
    in_schema = f"IN SCHEMA {_SCHEMA}"
    later = f"ALTER DEFAULT PRIVILEGES FOR ROLE {migrator} {in_schema}"
    return [
        *(_made(name) for name in (roles.reader, roles.writer, roles.migrator)),
        _usable(roles.migrator),
        f"GRANT CONNECT ON DATABASE {_identifier(database)} TO {reader}, {writer}, {migrator}",
        # As it is since PostgreSQL 15; a database that was upgraded keeps what it had.
        f"REVOKE CREATE ON SCHEMA {_SCHEMA} FROM PUBLIC",
        f"GRANT USAGE ON SCHEMA {_SCHEMA} TO {reader}, {writer}",
        f"GRANT USAGE, CREATE ON SCHEMA {_SCHEMA} TO {migrator}",
        _owned(roles.migrator),
        f"GRANT SELECT ON ALL TABLES {in_schema} TO {reader}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES {in_schema} TO {writer}",
        f"GRANT SELECT ON ALL SEQUENCES {in_schema} TO {reader}",
        f"GRANT SELECT, USAGE ON ALL SEQUENCES {in_schema} TO {writer}",
        # As it is, unless somebody took it from PUBLIC.
        f"GRANT EXECUTE ON ALL FUNCTIONS {in_schema} TO {writer}",
        f"{later} GRANT SELECT ON TABLES TO {reader}",
        f"{later} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {writer}",
        f"{later} GRANT SELECT ON SEQUENCES TO {reader}",
        f"{later} GRANT SELECT, USAGE ON SEQUENCES TO {writer}",
        f"{later} GRANT EXECUTE ON FUNCTIONS TO {writer}",
        _only_read(VERSION_TABLE, roles.writer),
    ]


def as_sql(roles: Roles, database: str) -> str:
    """Return `statements` as a script for psql, which is done whole or not at all."""
    return "".join(f"{statement};\n" for statement in ["BEGIN", *statements(roles, database), "COMMIT"])


def create(engine: Engine, roles: Roles, database: str) -> None:
    """Execute `statements` in one transaction.

    Args:
        engine: of the database.
        roles: their names.
        database: that they may connect to.

    Raises:
        DatabaseError: the user of the engine may not do so.
        NotConnected: the server cannot be reached.

    """
    with told_what_errors_mean(engine), engine.begin() as connection:
        verbatim = connection.execution_options(no_parameters=True)
        for statement in statements(roles, database):
            verbatim.exec_driver_sql(statement)


def _made(name: str) -> str:
    return _block(
        f"IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {_literal(name)}) THEN\n"
        f"        CREATE ROLE {_identifier(name)} LOGIN;\n"
        f"    END IF;"
    )


def _usable(migrator: str) -> str:
    """Let who runs this, and is no superuser, give tables to the migrator.

    Making a role does not say that one may be it: https://www.postgresql.org/docs/current/role-attributes.html
    """
    return _block(
        f"IF NOT pg_has_role({_literal(migrator)}, 'USAGE') THEN\n"
        f"        GRANT {_identifier(migrator)} TO CURRENT_USER;\n"
        f"    END IF;"
    )


def _owned(migrator: str) -> str:
    """Give what the migrations made to the migrator, and nothing of others that is beside it.

    A sequence of a column goes with its table.
    """
    relations = ", ".join(map(_literal, [*sorted(Base.metadata.tables), *VIEWS, REMOVALS.name, VERSION_TABLE]))
    functions = ", ".join(map(_literal, FUNCTIONS))
    schema, owner = f"CAST({_literal(_SCHEMA)} AS regnamespace)", f"CAST(quote_ident({_literal(migrator)}) AS regrole)"
    return _block(
        f"FOR thing IN\n"
        f"        SELECT format('TABLE %s', CAST(oid AS regclass)) FROM pg_class\n"
        f"        WHERE relnamespace = {schema} AND relname IN ({relations}) AND relowner <> {owner}\n"
        f"        UNION ALL\n"
        f"        SELECT format('FUNCTION %s', CAST(oid AS regprocedure)) FROM pg_proc\n"
        f"        WHERE pronamespace = {schema} AND proname IN ({functions}) AND proowner <> {owner}\n"
        f"    LOOP\n"
        f"        EXECUTE format('ALTER %s OWNER TO %I', thing, {_literal(migrator)});\n"
        f"    END LOOP;",
        declare="thing text",
    )


def _only_read(table: str, role: str) -> str:
    """Take back what ALL TABLES and the defaults gave; the table is there when something was migrated."""
    return _block(
        f"IF to_regclass({_literal(f'{_SCHEMA}.{table}')}) IS NOT NULL THEN\n"
        f"        REVOKE INSERT, UPDATE, DELETE ON {_SCHEMA}.{table} FROM {_identifier(role)};\n"
        f"    END IF;"
    )


def _block(body: str, *, declare: str = "") -> str:
    tag = "roles"
    while f"${tag}$" in body:  # a name may hold anything
        tag += "_"
    begin = f"DECLARE {declare}; BEGIN" if declare else "BEGIN"
    return f"DO ${tag}$ {begin}\n    {body}\nEND ${tag}$"


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
