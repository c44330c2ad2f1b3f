# Docker: the daemon, and what this machine's lacks for Aspire and Testcontainers.

plugins=/usr/local/lib/docker/cli-plugins
environment=$here/.env

docker_answers() { docker info > /dev/null 2>&1; }

prepare_docker() {
    docker_answers || start_docker
    docker buildx version > /dev/null 2>&1 || install_buildx
}

start_docker() {
    [ -z "${DOCKER_HOST:-}" ] || fail "docker does not answer at DOCKER_HOST=$DOCKER_HOST:" "$(docker info 2>&1 > /dev/null)"
    if ! command -v dockerd > /dev/null; then
        # With what the first image is made by: apt takes its time for each call.
        install_packages docker.io iptables mmdebstrap
        if docker_answers; then return; fi
    fi
    [ "$(id -u)" = 0 ] || fail 'docker does not answer: start its daemon, or run this as root' "$(docker info 2>&1 > /dev/null)"
    ! pidof -q dockerd || fail 'the docker daemon runs, and does not answer:' "$(docker info 2>&1 > /dev/null)"
    say 'starting the docker daemon (log: /var/log/dockerd.log)'
    nohup setsid dockerd >> /var/log/dockerd.log 2>&1 < /dev/null 9>&- &
    for _ in $(seq 120); do
        if docker_answers; then return; fi
        sleep 0.25
    done
    fail 'the docker daemon does not answer; the end of /var/log/dockerd.log:' "$(tail -n 20 /var/log/dockerd.log)"
}

# Aspire builds with buildx. Where there is none, Debian's own docker stands in for it: it has the client of BuildKit built in.
install_buildx() {
    [ -x /usr/bin/docker ] || install_packages docker.io
    say 'installing a docker buildx'
    mkdir -p "$plugins"
    cp "$here/docker-buildx" "$plugins/docker-buildx"
    docker buildx version > /dev/null || fail "docker does not take the plugin $plugins/docker-buildx"
}

# What Aspire and Testcontainers must be told where images are built here, as nothing can be pulled.
prepare_environment() {
    local version
    [ -n "$(docker images --quiet --filter "label=$label")" ] || return 0
    version=$(docker version --format '{{.Server.APIVersion}}')
    {
        printf '%s\n' '# Written by offline/prepare; run.sh and test.sh source it, so do it before a plain `dotnet test` too.' \
            'export ASPIRE_VERSION_CHECK_DISABLED=true' \
            "# Testcontainers' reaper cannot be pulled." \
            'export TESTCONTAINERS_RYUK_DISABLED=true'
        if older "$version" 1.44; then
            printf '%s\n' '# Testcontainers asks for 1.44, unless it is told otherwise.' "export DOCKER_API_VERSION=$version"
        fi
    } > "$scratch/environment"
    cmp --silent "$scratch/environment" "$environment" || install_file "$scratch/environment" "$environment"
}

older() { [ "$1" != "$2" ] && [ "$(printf '%s\n' "$1" "$2" | sort --version-sort | head -n 1)" = "$1" ]; }
