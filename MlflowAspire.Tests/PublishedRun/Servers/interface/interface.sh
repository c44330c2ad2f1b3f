#!/bin/sh
# RULES: what nft is to enforce. GATEWAY: the router of the subnet. ADDRESS: what it is called by and calls from beyond that router, when another.
set -eu
if [ -n "${RULES-}" ]; then
    printf '%s' "$RULES" | nft -f -
fi
if [ -n "${ADDRESS-}" ]; then
    ip address add "$ADDRESS/32" dev lo
fi
if [ -n "${GATEWAY-}" ]; then
    ip route replace default via "$GATEWAY"${ADDRESS:+ src "$ADDRESS"}
fi
touch /ready
exec sleep infinity
