"""The embedded store's tables, as DuckDB statements, and the columns that are inserted by Arrow.

New readings go into `readings_new` as they come; when there are enough they move, sorted by sensor,
into `readings_old`, whose row groups then each hold few sensors. `readings` shows both.
"""
# ruff: noqa: S608 - the texts put together here are constants of this file

import pyarrow as pa

STORE_FORMAT = 1

READING_COLUMNS = """(
    code INTEGER NOT NULL,
    time BIGINT NOT NULL,
    value DOUBLE NOT NULL,
    quality UTINYINT NOT NULL,
    sequence BIGINT NOT NULL,
    "offset" BIGINT NOT NULL
)"""

TABLES = f"""
CREATE TABLE IF NOT EXISTS about (format INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS sensors (code INTEGER NOT NULL, sensor VARCHAR NOT NULL);
CREATE TABLE IF NOT EXISTS readings_new {READING_COLUMNS};
CREATE TABLE IF NOT EXISTS readings_old {READING_COLUMNS};
CREATE VIEW IF NOT EXISTS readings AS
    SELECT sensor, time, value, quality, sequence, "offset"
    FROM (SELECT * FROM readings_old UNION ALL SELECT * FROM readings_new) JOIN sensors USING (code);
CREATE TABLE IF NOT EXISTS findings (
    cause_journal BIGINT NOT NULL, cause_offset BIGINT NOT NULL, cause_index BIGINT NOT NULL,
    kind VARCHAR NOT NULL, rule VARCHAR, subject VARCHAR, condition VARCHAR, at_ns BIGINT NOT NULL,
    json VARCHAR NOT NULL
);
CREATE TABLE IF NOT EXISTS ledger (
    cause_journal BIGINT NOT NULL, cause_offset BIGINT NOT NULL, cause_index BIGINT NOT NULL,
    kind VARCHAR NOT NULL, id VARCHAR NOT NULL, change VARCHAR NOT NULL, at_ns BIGINT NOT NULL,
    revision BIGINT NOT NULL, action VARCHAR, alerts VARCHAR[], json VARCHAR NOT NULL
);
CREATE TABLE IF NOT EXISTS alerts_now (
    id VARCHAR PRIMARY KEY, tier VARCHAR NOT NULL, level VARCHAR NOT NULL, owner VARCHAR NOT NULL,
    quantity VARCHAR NOT NULL, raised_ns BIGINT NOT NULL, ended_ns BIGINT, json VARCHAR NOT NULL
);
CREATE TABLE IF NOT EXISTS conditions_now (
    rule VARCHAR NOT NULL, level VARCHAR NOT NULL, subject VARCHAR NOT NULL,
    condition VARCHAR NOT NULL, json VARCHAR NOT NULL,
    PRIMARY KEY (rule, level, subject)
);
CREATE TABLE IF NOT EXISTS positions (topic VARCHAR PRIMARY KEY, position VARCHAR NOT NULL, cause VARCHAR);
CREATE TABLE IF NOT EXISTS account (word VARCHAR PRIMARY KEY, count BIGINT NOT NULL);
"""

_CAUSE = [(f"cause_{part}", pa.int64()) for part in ("journal", "offset", "index")]
_TEXT = pa.utf8()

READINGS = pa.schema(
    [
        ("code", pa.int32()),
        ("time", pa.int64()),
        ("value", pa.float64()),
        ("quality", pa.uint8()),
        ("sequence", pa.int64()),
        ("offset", pa.int64()),
    ]
)
FINDINGS = pa.schema(
    [
        *_CAUSE,
        ("kind", _TEXT),
        ("rule", _TEXT),
        ("subject", _TEXT),
        ("condition", _TEXT),
        ("at_ns", pa.int64()),
        ("json", _TEXT),
    ]
)
LEDGER = pa.schema(
    [
        *_CAUSE,
        ("kind", _TEXT),
        ("id", _TEXT),
        ("change", _TEXT),
        ("at_ns", pa.int64()),
        ("revision", pa.int64()),
        ("action", _TEXT),
        ("alerts", pa.list_(_TEXT)),
        ("json", _TEXT),
    ]
)
ALERTS_NOW = pa.schema(
    [
        ("id", _TEXT),
        ("tier", _TEXT),
        ("level", _TEXT),
        ("owner", _TEXT),
        ("quantity", _TEXT),
        ("raised_ns", pa.int64()),
        ("ended_ns", pa.int64()),
        ("json", _TEXT),
    ]
)
CONDITIONS_NOW = pa.schema(
    [("rule", _TEXT), ("level", _TEXT), ("subject", _TEXT), ("condition", _TEXT), ("json", _TEXT)]
)
SENSORS = pa.schema([("code", pa.int32()), ("sensor", _TEXT)])
