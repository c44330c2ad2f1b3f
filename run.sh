#!/usr/bin/env bash
# Prepares what is missing on this machine, then runs the local stack. Arguments go to the app host: ./run.sh --Mlflow:Port=5001
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

offline/prepare
if [ -f offline/.env ]; then . offline/.env; fi
exec dotnet run --project MlflowAspire.AppHost -- "$@"
