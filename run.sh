#!/bin/sh
# Checks what the local stack needs, then runs it.
set -eu
CDPATH='' cd -- "$(dirname -- "$0")"
. eng/machine.sh

help() {
    cat <<'TEXT'
Usage: ./run.sh [--SETTING=VALUE]...
Runs MLflow, PostgreSQL and Azurite on this machine until Ctrl+C. The README lists the settings, such as --Mlflow:Port=5001.
TEXT
}

value=
for argument; do
    case $argument in
        --help | -h) help && exit ;;
        --*=*) value= ;;
        --*:*) value=next ;;
        *)
            [ -n "$value" ] || fail "'$argument' is no setting: settings look like --Mlflow:Port=5001; see ./run.sh --help"
            value= ;;
    esac
done

prepare_machine MlflowAspire.AppHost
exec dotnet run --project MlflowAspire.AppHost -- "$@"
