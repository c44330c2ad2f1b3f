#!/bin/bash
# Connects to each ADDRESS:PORT at the same time and writes what came of it: connected, refused or blocked, when nothing answers for some seconds.
# Refused is an answer: the packets have passed.
seconds=$1
shift
connect() {
    local errors
    if errors=$(timeout "$seconds" bash -c "</dev/tcp/${1%:*}/${1#*:}" 2>&1); then
        echo "$1 connected"
    elif [ $? = 124 ]; then
        echo "$1 blocked"
    else
        case $errors in
            *refused*) echo "$1 refused" ;;
            *) echo "$1 failed: $(echo "$errors" | tr '\n' ' ')" ;;
        esac
    fi
}
for target; do
    connect "$target" &
done
wait
