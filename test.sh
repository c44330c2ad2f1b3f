#!/bin/sh
# Checks what the tests need, then runs them.
set -eu
CDPATH='' cd -- "$(dirname -- "$0")"
. eng/machine.sh

help() {
    cat <<'TEXT'
Usage: ./test.sh [--filter EXPRESSION] [OPTION OF DOTNET TEST]...
Without Docker and in seconds: --filter Category=Model and --filter Category=Publish.
TEXT
}

containers=
for argument; do
    case $argument in
        --help | -h) help && exit ;;
        Category=Model | Category=Publish | --filter=Category=Model | --filter=Category=Publish) containers=no-containers ;;
    esac
done

prepare_machine MlflowAspire.Tests "$containers"
exec dotnet test MlflowAspire.sln --nologo "$@"
