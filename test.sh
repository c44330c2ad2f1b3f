#!/bin/sh
# Checks what the tests need, then runs them.
set -eu
CDPATH='' cd -- "$(dirname -- "$0")"
. eng/machine.sh

help() {
    cat <<'TEXT'
Usage: ./test.sh [--all] [--filter EXPRESSION] [OPTION OF DOTNET TEST]...
Without --all or a filter, what is rare and takes long to bring about (Category=Rare) is left to continuous integration.
Without Docker: --filter Category=Model, --filter Category=Publish, and both in one process: --filter 'Category=Model|Category=Publish'.
TEXT
}

containers=
chosen=
for argument; do
    shift
    case ${argument#--filter=} in
        --help | -h) help && exit ;;
        Category=Model | Category=Publish | 'Category=Model|Category=Publish') containers=no-containers ;;
    esac
    case $argument in
        --all) chosen=all && continue ;;
        --filter | --filter=*) chosen=filter ;;
    esac
    set -- "$@" "$argument"
done
[ -n "$chosen" ] || set -- --filter 'Category!=Rare' "$@"

prepare_machine MlflowAspire.Tests "$containers"
exec dotnet test MlflowAspire.sln --nologo "$@"
