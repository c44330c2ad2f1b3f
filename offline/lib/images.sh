# The container images that cannot be pulled here, built from the recipes in images/.

# Image, its recipe (a folder in images/), and the arguments of that recipe. No registry has a name of localhost.
recipes='
docker.io/library/debian:bookworm-slim debian
localhost/debian-python:bookworm debian PACKAGES=ca-certificates,python3,python3-pip,python3-venv,tzdata
docker.io/library/python:3.11-slim python
docker.io/library/postgres:17.6 postgres POSTGRES_VERSION=17.6 VOLUME=/var/lib/postgresql/data PGDATA=/var/lib/postgresql/data
docker.io/library/postgres:18.3 postgres POSTGRES_VERSION=18.3 VOLUME=/var/lib/postgresql PGDATA=/var/lib/postgresql/18/docker
mcr.microsoft.com/azure-storage/azurite:3.35.0 azurite AZURITE_VERSION=3.35.0
mcr.microsoft.com/azurelinux/base/core:3.0 tunnel
ghcr.io/mlflow/mlflow:v3.17.2-full mlflow MLFLOW_VERSION=3.17.2
ghcr.io/mlflow/mlflow:v3.16.1-full mlflow MLFLOW_VERSION=3.16.1
'
# Those of a start; the others are built when a test asks for them.
images='ghcr.io/mlflow/mlflow:v3.17.2-full docker.io/library/postgres:17.6 mcr.microsoft.com/azure-storage/azurite:3.35.0 mcr.microsoft.com/azurelinux/base/core:3.0'
# An image that was built here tells what of.
label=mlflow-aspire.recipe

# Provides the given images, or those of a start, beside each other.
prepare_images() {
    local image failed=0
    local -a jobs=()
    for image in ${*:-$images}; do
        (provide "$image") &
        jobs+=($!)
    done
    for job in "${jobs[@]}"; do wait "$job" || failed=1; done
    [ $failed = 0 ] || fail 'not all images are there'
}

# Image, recipe and arguments of the image $1, which may leave out what Docker Hub's names may leave out.
recipe_of() { grep -m 1 -E "^(docker.io/library/)?$1( |$)" <<< "$recipes"; }

bases_of() { sed -n 's/^FROM \([^ ]*\).*/\1/p' "$here/images/$1/Dockerfile" 2> /dev/null || true; }

# Changes with everything that the image is made of.
hash_of() {
    local image recipe arguments base
    read -r image recipe arguments <<< "$(recipe_of "$1")"
    {
        echo "$image $arguments"
        (cd "$here/images/$recipe" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum)
        if [ "$recipe" = python ]; then wheels | xargs -d '\n' stat --format='%s %Y'; fi
        for base in $(bases_of "$recipe"); do hash_of "$base"; done
    } | sha256sum | cut -c 1-16
}

# MLflow's images are built on each other and take longest: all else takes turns, so that they have a processor to themselves.
take_turn() { exec 5> "$scratch/turn.lock" && flock 5; }

# Does nothing when the image is there, of its recipe or from a registry, or can be pulled by those who need it. One at a time an image, as several others may need it.
provide() (
    local image recipe arguments hash found
    read -r image recipe arguments <<< "$(recipe_of "$1")"
    [ -n "$image" ] || fail "there is no recipe for $1"
    exec 8> "$scratch/${image//\//_}.lock"
    flock 8
    hash=$(hash_of "$image")
    if found=$(docker image inspect --format "{{len .RepoDigests}} {{index .Config.Labels \"$label\"}}" "$image" 2> /dev/null); then
        case $found in "0 $hash" | [1-9]*) return ;; esac
    elif timeout 15 docker manifest inspect "$image" > /dev/null 2>&1; then
        return
    fi
    case $recipe in
        debian | python | mlflow) ;;
        *) take_turn ;;
    esac
    SECONDS=0
    build "$image" "$recipe" "$hash" $arguments
    say "built $image ($SECONDS s)"
)

build() {
    local image=$1 recipe=$2 hash=$3 context base download archive argument
    local -a options=() sources=()
    context=$(folder "$recipe")
    if [ "$recipe" = debian ]; then
        bootstrap "$image" "$context" "$hash" "${@:4}"
        return
    fi
    sources=(-C "$here/images/$recipe" . -C "$context" .)
    if [ "$recipe" = python ]; then
        archive=$(wheels)
        sources+=(-C "$(dirname "$archive")" "$(basename "$archive")")
    fi

    # What is downloaded comes beside the images that this one is built on.
    download=
    if [ -x "$here/images/$recipe/download" ]; then
        command -v npm > /dev/null || install_packages npm
        (quietly "download-$recipe" env "${@:4}" "$here/images/$recipe/download" "$context") &
        download=$!
    fi
    for base in $(bases_of "$recipe"); do provide "$base"; done
    if [ -n "$download" ]; then wait "$download"; fi

    for argument in "${@:4}" http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
        options+=(--build-arg "$argument")
    done
    tar --create "${sources[@]}" |
        quietly "build-$recipe" docker build "${options[@]}" --progress plain --label "$label=$hash" --tag "$image" -
    rm -rf "$context"
}

bootstrap() {
    [ "$(id -u)" = 0 ] || fail "$1 must be built, which needs root: run this as root"
    command -v mmdebstrap > /dev/null || install_packages mmdebstrap
    chmod 755 "$2"
    quietly "bootstrap-${1##*/}" env "${@:4}" "$here/images/debian/bootstrap" "$2"
    tar --create --directory "$2" --one-file-system . | docker import --change 'CMD ["bash"]' --change "LABEL $label=$3" - "$1" > /dev/null
    rm -rf --one-file-system "$2"
}

# The archive of the wheels that pip installs from.
wheels() {
    local place
    for place in "${MLFLOW_WHEELS:-}" "$here/wheels" "$here/../../shared/offline/wheels"; do
        if [ -r "$place/mlflow-official-wheels.tar.xz" ]; then
            echo "$place/mlflow-official-wheels.tar.xz"
            return
        fi
    done
    fail 'the MLflow images need mlflow-official-wheels.tar.xz, which is not in' "  \$MLFLOW_WHEELS (${MLFLOW_WHEELS:-not set})" "  $here/wheels" "  $here/../../shared/offline/wheels"
}
