# The NuGet packages that no source of this machine has, packed from packages/ for this checkout only: no other project may get one.

# NuGet, editors and tests read this file, and git ignores it.
config=$root/nuget.config
# MSBuild reads this one.
response=$root/Directory.Build.rsp
feed=$artifacts/feed
source_name=mlflow-aspire-offline

prepare_packages() {
    dotnet --version > /dev/null || fail 'there is no .NET SDK as global.json asks for'
    if [ -e "$config" ]; then
        grep -q "$source_name" "$config" || fail "$config is not of this script: add $feed to it as a source, or move it away"
        # What was not there may have come since.
        if [ -n "$(find "$config" -mtime +0)" ]; then
            if published; then
                say "the sources of NuGet have all packages: removing nuget.config"
                rm -rf "$config" "$response" "$feed" "$artifacts/packages"
                return
            fi
            touch "$config"
        fi
    elif published; then
        return
    else
        say 'NuGet has no source with the Aspire.Hosting.Azure packages: building stand-ins for this checkout (delete nuget.config to undo it)'
    fi
    mkdir -p "$feed"
    write_config > "$scratch/nuget.config"
    cmp --silent "$scratch/nuget.config" "$config" || install_file "$scratch/nuget.config" "$config"
    # What is restored before a build takes properties of its own.
    printf -- '-%s:CustomBeforeDirectoryBuildProps=%s\n' property "$here/lib/registry.props" restoreProperty "$here/lib/registry.props" > "$scratch/response"
    cmp --silent "$scratch/response" "$response" || install_file "$scratch/response" "$response"
    take_turn
    SECONDS=0
    cd "$here" && quietly packages packages/build "$feed"
    # The first build is long, talks of certificates, and need not wait for the images.
    [ -e "$artifacts/packages/aspire.apphost.sdk" ] || quietly build dotnet build "$root/MlflowAspire.AppHost" -p:UseSharedCompilation=true
    if [ $SECONDS -gt 3 ]; then
        # Where MSBuild is told to leave no process behind, the compiler that all builds have shared is ended.
        [ "${MSBUILDDISABLENODEREUSE:-}" != 1 ] || dotnet build-server shutdown --vbcscompiler > /dev/null
        say "built the packages ($SECONDS s)"
    fi
}

# Whether the sources of NuGet have the packages. They are missing when a source says so, not when it does not answer.
published() {
    local probe=$scratch/published
    mkdir -p "$probe"
    cp "$here/lib/published.csproj" "$root/global.json" "$probe"
    if ROOT=$root dotnet restore "$probe" --packages "$probe/packages" > "$artifacts/published.log" 2>&1; then return; fi
    grep -q 'NU110[12]' "$artifacts/published.log" || fail "NuGet does not answer; the end of $artifacts/published.log:" "$(tail -n 5 "$artifacts/published.log")"
    return 1
}

# The feed's packages come only from there, all others from the sources that there were before.
write_config() {
    local other name
    cat <<XML
<?xml version="1.0" encoding="utf-8"?>
<!-- Written by offline/prepare, as no source of NuGet has these packages. Delete this file to undo it. -->
<configuration>
  <config>
    <add key="globalPackagesFolder" value="$artifacts/packages" />
  </config>
  <packageSources>
    <add key="$source_name" value="$feed" />
  </packageSources>
  <packageSourceMapping>
XML
    while read -r other; do
        printf '%s\n' "    <packageSource key=\"$other\">" '      <package pattern="*" />' '    </packageSource>'
    done < <(cd / && dotnet nuget list source | sed -n 's/^ *[0-9]*\. *\(.*\) \[Enabled\]$/\1/p')
    printf '%s\n' "    <packageSource key=\"$source_name\">"
    for name in "$here"/packages/*/*.csproj; do
        printf '%s\n' "      <package pattern=\"$(basename "$name" .csproj)\" />"
    done
    printf '%s\n' '    </packageSource>' '  </packageSourceMapping>' '</configuration>'
}
