# The NuGet packages.

feed=$cache/feed
source_name=mlflow-aspire-offline
source_config=$HOME/.nuget/NuGet/config/$source_name.config

prepare_packages() {
    command -v dotnet > /dev/null || fail 'there is no dotnet here: install the .NET SDK 10'
    if [ ! -e "$source_config" ]; then
        if restores; then return; fi
        say "building the NuGet packages into $feed"
    fi
    quietly packages "$here/packages/build" "$feed"
    source_definition > "$scratch/source.config"
    if cmp --silent "$scratch/source.config" "$source_config"; then return; fi
    mkdir -p "$(dirname "$source_config")"
    cp "$scratch/source.config" "$source_config"
    if ! restores; then
        rm "$source_config"
        fail "the packages do not restore from $feed; the end of $cache/restore.log:" "$(tail -n 20 "$cache/restore.log")"
    fi
}

# Whether the configured sources have the Aspire packages.
restores() {
    local project
    project=$(folder probe)
    cat > "$project/probe.csproj" <<'XML'
<Project Sdk="Aspire.AppHost.Sdk/13.5.2">
  <PropertyGroup>
    <OutputType>Exe</OutputType>
    <TargetFramework>net10.0</TargetFramework>
  </PropertyGroup>
</Project>
XML
    timeout 120 dotnet restore "$project" > "$cache/restore.log" 2>&1 9>&-
}

# The feed as a NuGet source: its packages come from there alone, all others from the sources there were before.
source_definition() {
    local other package name
    printf '%s\n' '<configuration>' '  <packageSources>' "    <add key=\"$source_name\" value=\"$feed\" />" '  </packageSources>' '  <packageSourceMapping>'
    while read -r other; do
        printf '%s\n' "    <packageSource key=\"$other\">" '      <package pattern="*" />' '    </packageSource>'
    done < <(dotnet nuget list source | sed -n 's/^ *[0-9]*\. *\(.*\) \[Enabled\]$/\1/p' | grep -Fvx "$source_name")
    printf '%s\n' "    <packageSource key=\"$source_name\">"
    for package in "$feed"/*.nupkg; do
        name=$(basename "$package" .nupkg)
        printf '%s\n' "      <package pattern=\"${name%%.[0-9]*}\" />"
    done
    printf '%s\n' '    </packageSource>' '  </packageSourceMapping>' '</configuration>'
}

# --- dashboard ------------------------------------------------------------------------------------------------------

# The version of the Aspire CLI, whose npm package holds the dashboard.
dashboard_version=13.5.4

# The application also runs without its dashboard, so that not getting it is no failure.
prepare_dashboard() {
    local work
    if [ "$(cat "$cache/dashboard/version" 2> /dev/null)" = "$dashboard_version" ]; then return; fi
    say 'installing the Aspire dashboard'
    work=$(folder dashboard)
    if ! extract_dashboard "$work" > "$cache/dashboard.log" 2>&1 9>&-; then
        say "warning: the Aspire dashboard is not to be had; see $cache/dashboard.log"
        return
    fi
    rm -rf "$cache/dashboard"
    mv "$work/dashboard" "$cache/dashboard"
    rm -rf "$work"
}

extract_dashboard() {
    npm install --prefix "$1" --no-audit --no-fund "@microsoft/aspire-cli-linux-x64@$dashboard_version" &&
        HOME=$1 XDG_CACHE_HOME=$1/.cache ASPIRE_CLI_TELEMETRY_OPTOUT=true "$1/node_modules/@microsoft/aspire-cli-linux-x64/bin/aspire" setup --install-path "$1/.aspire" &&
        mv "$1"/.aspire/versions/*/managed "$1/dashboard" &&
        echo "$dashboard_version" > "$1/dashboard/version"
}
