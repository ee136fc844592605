#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Three days of a small fleet's flow logs, made and replayed: a backup every night that must stay
# quiet, a server that leaks at a hundred times its normal traffic, and another that is flooded.
#
# usage: scripts/demo.sh BUILD
set -eu
build=$1
demo=$build/demo
rm -rf "$demo"
mkdir -p "$demo"

echo
echo "Making three days of flow logs of 14 nodes in two accounts (S3 object names, gzip) ..."
"$build/bin/weir-gen" fleet --nodes 14 --days 3 --accounts 2 --seed 1 --gzip --attacks demo --out "$demo/logs"

echo
echo "Replaying them:"
echo "  $build/bin/weir replay --store $demo/store --inventory $demo/logs/inventory.csv $demo/logs/AWSLogs"
echo
"$build/bin/weir" replay --store "$demo/store" --inventory "$demo/logs/inventory.csv" -o table "$demo/logs/AWSLogs"

node() {
    jq -r "[.attacks[] | select(.class | startswith(\"$1\"))][0].node" "$demo/logs/truth.json" 2>/dev/null ||
        sed -n "s/.*\"node\":\"\([^\"]*\)\".*\"class\":\"$1.*/\1/p" "$demo/logs/truth.json" | head -n 1
}
leaking=$(node exfil)
flooded=$(node dos)
cat <<TEXT

The store lies in $demo/store. What was done to the fleet, and when, stands in
$demo/logs/truth.json. Ask it:

  export WEIR_STORE=$demo/store
  $build/bin/flowq --last 24h --by node --top 5 out
  $build/bin/flowq --last 24h --by peer --top 5 'node $leaking and out'
  $build/bin/flowq --last 24h --by hour --sort time 'node $flooded and in'
TEXT
