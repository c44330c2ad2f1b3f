#!/usr/bin/env bash
# Prepares what is missing on this machine, then runs the tests. Arguments go to dotnet test: ./test.sh --filter Category=Model
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

offline/prepare
exec dotnet test MlflowAspire.sln --nologo "$@"
