#!/bin/sh
# Checks what the tests need, then runs them.
set -eu
CDPATH='' cd -- "$(dirname -- "$0")"
. eng/machine.sh

help() {
    cat <<'TEXT'
Usage: ./test.sh [--filter EXPRESSION] [OPTION OF DOTNET TEST]...
Without Docker: --filter Category=Model, --filter Category=Publish, and both in one process: --filter 'Category=Model|Category=Publish'.
TEXT
}

containers=
for argument; do
    case ${argument#--filter=} in
        --help | -h) help && exit ;;
        Category=Model | Category=Publish | 'Category=Model|Category=Publish') containers=no-containers ;;
    esac
done

prepare_machine MlflowAspire.Tests "$containers"
exec dotnet test MlflowAspire.sln --nologo "$@"
