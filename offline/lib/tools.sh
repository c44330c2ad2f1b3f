# What only single tests need.

# A browser, and the npm that fetches the OpenID provider.
prepare_browser() {
    local -a missing=()
    command -v chromium > /dev/null || missing+=(chromium)
    command -v npm > /dev/null || missing+=(npm)
    if [ ${#missing[@]} -gt 0 ]; then install_packages "${missing[@]}"; fi
}

# mypy of Debian, and ruff of npm as a command in /usr/local/bin.
prepare_lint() {
    local -a missing=()
    command -v mypy > /dev/null || missing+=(mypy)
    command -v npm > /dev/null || missing+=(npm)
    if [ ${#missing[@]} -gt 0 ]; then install_packages "${missing[@]}"; fi
    command -v ruff > /dev/null && return
    quietly ruff npm install --prefix /usr/local/lib/ruff --no-audit --no-fund @astral-sh/ruff-wasm-nodejs@0.17.4
    install -m 755 "$here/tools/ruff" "$here/tools/ruff.js" /usr/local/lib/ruff
    ln -sf ../lib/ruff/ruff /usr/local/bin/ruff
}
