# What only tests of sign-in need: a browser, and the npm that fetches their OpenID provider.

prepare_browser() {
    local -a missing=()
    command -v chromium > /dev/null || missing+=(chromium)
    command -v npm > /dev/null || missing+=(npm)
    if [ ${#missing[@]} -gt 0 ]; then install_packages "${missing[@]}"; fi
}
