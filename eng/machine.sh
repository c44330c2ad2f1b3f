# What run.sh and test.sh need of a machine. POSIX sh with nothing but POSIX tools: macOS has neither a new bash nor GNU's tools.

# Builds and tests end before .NET has earned what it costs to watch which methods run often: a fifth of their time.
export DOTNET_TieredPGO="${DOTNET_TieredPGO:-0}"

fail() {
    printf 'error: %s\n' "$1" >&2
    shift
    [ $# -eq 0 ] || printf '%s\n' "$@" >&2
    exit 1
}

need_dotnet() {
    command -v dotnet > /dev/null || fail 'The .NET SDK 10 is needed: https://dotnet.microsoft.com/download'
    answer=$(dotnet --version 2>&1) && return
    case $answer in
        *global.json*)
            wanted=$(sed -n 's/.*"version": *"\([^"]*\)".*/\1/p' global.json)
            fail "global.json asks for a .NET SDK of version $wanted or newer; installed: $(dotnet --list-sdks | sed 's/ .*//' | paste -sd ' ' -)" ;;
        *) fail "dotnet does not work: $answer" ;;
    esac
}

need_writable() { [ -w . ] || fail "$PWD is read-only, and dotnet builds into it: copy it to a folder that can be written to"; }

# Whether the project $1 has all its packages. Only the first time, or after the versions changed, NuGet is asked.
restored() {
    cache=$1/obj/project.nuget.cache
    if grep -q '"success": true' "$cache" 2> /dev/null; then
        newer=$(find Directory.Packages.props global.json "$1/$1.csproj" -newer "$cache")
        if [ -z "$newer" ]; then return; fi
    fi
    echo 'Restoring the packages …'
    answer=$(dotnet restore "$1" 2>&1) || return
    touch "$cache"
}

# Whether the restore that failed did so because no source has a package, and not because a source did not answer.
packages_missing() { printf '%s' "$answer" | grep -q 'NU110[12]'; }

# The command that runs containers here; the one that Aspire would take.
container_runtime() {
    runtime=${ASPIRE_CONTAINER_RUNTIME:-${DOTNET_ASPIRE_CONTAINER_RUNTIME:-}}
    if [ -z "$runtime" ]; then
        if ! command -v docker > /dev/null && command -v podman > /dev/null; then runtime=podman; else runtime=docker; fi
    fi
}

# Whether containers can run here; else `problem` says why. A daemon that cannot be reached is given 15 seconds.
containers_answer() {
    container_runtime
    if ! command -v "$runtime" > /dev/null; then
        problem='Docker or Podman is needed: https://docs.docker.com/get-started/get-docker/'
        return 1
    fi
    problem=$(
        "$runtime" info 2>&1 > /dev/null &
        info=$!
        (sleep 15 && kill "$info") > /dev/null 2>&1 &
        limit=$!
        wait "$info" && answered=0 || answered=1
        kill "$limit" 2> /dev/null
        exit "$answered"
    ) && problem= && return
    problem="$runtime does not answer${DOCKER_HOST:+ (DOCKER_HOST is $DOCKER_HOST)}. \`$runtime info\` says: ${problem:-nothing within 15 seconds}"
    return 1
}

# Whether this is a machine to set up: a container or a virtual machine of root's own, where nothing else looks after daemons.
may_set_up() { [ "$(id -u)" = 0 ] && [ -z "${DOCKER_HOST:-}" ] && command -v apt-get > /dev/null && [ ! -d /run/systemd/system ]; }

# Whether an earlier start found that this machine does without the usual sources.
is_offline() { [ -f offline/.env ] || grep -qs 'offline/prepare' nuget.config; }

# Ends unless the project $1 can be built, and, without $2 = no-containers, run here. What a machine without the usual sources lacks is set up.
prepare_machine() {
    need_dotnet
    need_writable
    problem=
    parts=--packages
    if [ "${2:-}" != no-containers ]; then
        parts=--all
        containers_answer || true
    fi
    if is_offline || { [ -n "$problem" ] && may_set_up; }; then
        offline/prepare "$parts"
    elif [ -n "$problem" ]; then
        fail "$problem"
    elif ! restored "$1"; then
        packages_missing || fail 'The packages cannot be restored:' "$answer"
        offline/prepare "$parts"
    fi
    if [ -f offline/.env ]; then . offline/.env; fi
}
