#!/usr/bin/env bash
# Prepares what is missing on this machine, then runs the tests. Arguments go to dotnet test: ./test.sh --filter Category=Model
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

offline/prepare
if [ -f offline/.env ]; then . offline/.env; fi

# The tests of sign-in use a browser and an OpenID provider, which runs on Node.
missing=()
command -v chromium > /dev/null || missing+=(chromium)
command -v npm > /dev/null || missing+=(npm)
if [ ${#missing[@]} -gt 0 ]; then
    apt-get update
    DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "${missing[@]}"
fi
npm ci --prefix MlflowAspire.Tests/SignIn/OidcServer --no-audit --no-fund --silent

exec dotnet test MlflowAspire.sln --nologo "$@"
