#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Three days of a small fleet's flow logs, made and replayed: a backup every night that must stay
# quiet, a server that leaks at a hundred times its normal traffic, and another that is flooded. Then
# a real capture of a quarter of an hour, in which a server starts to leak.
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

capture=tests/data/pcap/leak.pcap.zst
echo
echo "Replaying what tcpdump recorded of a web server in 15 minutes; in the last five it uploads to a stranger:"
echo "  $build/bin/weir replay --store $demo/capture --window 20s --warm-up 5m $capture"
echo
"$build/bin/weir" replay --store "$demo/capture" --window 20s --warm-up 5m -o table "$capture"
echo
echo "  $build/bin/flowq --store $demo/capture --by peer,proto --top 5 'node 10.0.5.10 and out'"
echo
"$build/bin/flowq" --store "$demo/capture" --by peer,proto --top 5 'node 10.0.5.10 and out'
cat <<TEXT

The store of the logs lies in $demo/store. What was done to the fleet, and when, stands in
$demo/logs/truth.json. Ask it:

  export WEIR_STORE=$demo/store
  $build/bin/flowq --last 24h --by node --top 5 out
  $build/bin/flowq --last 24h --by peer --top 5 'node $leaking and out'
  $build/bin/flowq --last 24h --by hour --sort time 'node $flooded and in'
TEXT
