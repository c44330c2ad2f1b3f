#!/bin/sh
# Gives the router the addresses of the internet; what it calls itself, it calls from the first of them.
set -eu
for address; do
    ip address add "$address/32" dev lo
done
ip route | while read -r range _ device rest; do
    case $rest in
        *"scope link"*) ip route replace "$range" dev "$device" src "$1" ;;
    esac
done
