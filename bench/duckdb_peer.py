# SPDX-License-Identifier: Apache-2.0
"""What DuckDB does with AWS flow logs, one thread, as the peer of Weir's benches.

usage: duckdb_peer.py sums PATH...               sum bytes and packets by source address and minute
       duckdb_peer.py parquet OUT PATH...        the columns of Weir's store, as zstd Parquet
       duckdb_peer.py parquet-tuned OUT PATH...  the same with larger row groups and more zstd

Prints one line of JSON; `seconds` (wall) and `cpu_seconds` (processor) are of the statement alone,
without Python's and DuckDB's start.

The plan is the fastest that was found, on 10 M lines of `weir-gen random` (seconds of processor
time, the smallest of three): every column named with its narrowest right type and no quoting, 3.54;
the same with quoting left on, 3.55; types for the three columns that are summed only, 3.60; BIGINT
for every number, 3.66; a reading buffer of 4 MB instead of 32, 3.68. The sniffer (auto_detect) took
1.15 times as long and parallel=false 1.5 times. The first five differ by less than a run does from
the next: what is not read is not converted, so what remains is finding fields and grouping by text.
Grouping by `start // 60` needs no timestamp type.
"""

import json
import sys
import time

import duckdb

COLUMNS = {
    "version": "UTINYINT",
    "account_id": "VARCHAR",
    "interface_id": "VARCHAR",
    "srcaddr": "VARCHAR",
    "dstaddr": "VARCHAR",
    "srcport": "USMALLINT",
    "dstport": "USMALLINT",
    "protocol": "UTINYINT",
    "packets": "UBIGINT",
    "bytes": "UBIGINT",
    "start": "UINTEGER",
    "end": "UINTEGER",
    "action": "VARCHAR",
    "log_status": "VARCHAR",
}


def table(paths):
    return (
        f"read_csv({list(paths)}, columns={COLUMNS}, delim=' ', header=true, nullstr='-', "
        "quote='', escape='', auto_detect=false)"
    )


def sums(paths):
    """The grouped sums are added up once more, so that the answer is one row to compare."""
    return f"""
        SELECT sum(bytes)::UBIGINT, sum(packets)::UBIGINT, sum(records)::UBIGINT, count(*) FROM (
            SELECT srcaddr, start // 60 AS minute, sum(bytes) AS bytes, sum(packets) AS packets,
                   count(bytes) AS records
            FROM {table(paths)} GROUP BY ALL)"""


def parquet(out, paths, options):
    return f"""
        COPY (SELECT interface_id, srcaddr, dstaddr, srcport, dstport, protocol, packets, bytes,
                     start, "end", action
              FROM {table(paths)} WHERE log_status = 'OK')
        TO '{out}' (FORMAT parquet, COMPRESSION zstd{options})"""


def main(mode, *arguments):
    database = duckdb.connect(config={"threads": 1})
    # It may hand on rows in any order: for a sum its cheapest way.
    database.execute(f"SET preserve_insertion_order = {mode != 'sums'}")
    if mode == "sums":
        statement = sums(arguments)
    else:
        options = ", ROW_GROUP_SIZE 1000000, COMPRESSION_LEVEL 9" if mode == "parquet-tuned" else ""
        statement = parquet(arguments[0], arguments[1:], options)
    begin, begin_cpu = time.monotonic(), time.process_time()
    row = database.execute(statement).fetchone()
    answer = {
        "seconds": time.monotonic() - begin,
        "cpu_seconds": time.process_time() - begin_cpu,
    }
    if mode == "sums":
        answer |= dict(zip(("bytes", "packets", "records", "groups"), row))
    else:
        answer["records"] = row[0]
    print(json.dumps(answer))


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] not in ("sums", "parquet", "parquet-tuned"):
        sys.exit(__doc__)
    main(*sys.argv[1:])
