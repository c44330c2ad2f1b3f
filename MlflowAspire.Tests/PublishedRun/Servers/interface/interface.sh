#!/bin/sh
# RULES: what nft is to enforce. GATEWAY: the router of the subnet.
set -eu
if [ -n "${RULES-}" ]; then
    printf '%s' "$RULES" | nft -f -
fi
if [ -n "${GATEWAY-}" ]; then
    ip route replace default via "$GATEWAY"
fi
echo ready
exec sleep infinity
