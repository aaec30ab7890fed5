# Sourced by ./run, ./test and .ci/run: installs what is missing, configures and builds.
# Every function says in one line what it does, and nothing when there is nothing to do.
# shellcheck shell=bash

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
logs=$repo/build/log

say() { printf '%s: %s\n' "${0##*/}" "$*"; }

die() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# quietly NAME COMMAND...: its output goes to build/log/NAME.log, and to the screen when it fails.
quietly() {
  local log=$logs/$1.log
  shift
  mkdir -p "$logs"
  if "$@" >"$log" 2>&1 </dev/null; then return 0; fi
  tail -n 100 "$log" >&2
  die "failed: $* (all of it in ${log#"$repo"/})"
}

# with_progress NAME COMMAND...: as quietly, and says every 15 seconds how far Ninja has come.
with_progress() {
  local name=$1 log=$logs/$1.log build status=0 tick
  shift
  mkdir -p "$logs"
  "$@" >"$log" 2>&1 </dev/null &
  build=$!
  SECONDS=0
  while kill -0 "$build" 2>/dev/null; do
    for ((tick = 0; tick < 15; tick++)); do
      sleep 1
      kill -0 "$build" 2>/dev/null || break 2
    done
    say "$name: $(sed -nE 's/^\[([0-9]+)\/([0-9]+)\].*/\1 of \2 steps/p' "$log" | tail -n 1) after $SECONDS s"
  done
  wait "$build" || status=$?
  if ((status == 0)); then return 0; fi
  tail -n 100 "$log" >&2
  die "failed: $* (all of it in ${log#"$repo"/})"
}

# packages_of LIST...: the names in .ci/packages.LIST.
packages_of() {
  local list
  for list in "$@"; do sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$repo/.ci/packages.$list"; done
}

node_is_recent() {
  local version
  command -v npm >/dev/null || return 1
  version=$(node --version 2>/dev/null) || return 1
  version=${version#v}
  [[ ${version%%.*} =~ ^[0-9]+$ ]] && ((${version%%.*} >= 18))
}

# missing_packages LIST...: those that are not installed.
missing_packages() {
  local installed wanted
  # dpkg-query fails when it does not know one of the names; it still prints the others.
  wanted=$(packages_of "$@")
  # shellcheck disable=SC2086
  installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' $wanted 2>/dev/null |
    sed -n 's/ installed$//p') || true
  if grep -qx nodejs <<<"$wanted" && node_is_recent; then installed+=$'\nnodejs\nnpm'; fi
  grep -vxF -f <(printf '%s\n' "$installed" | sed '/^$/d') <<<"$wanted" || true
}

# as_root COMMAND...: with sudo where needed. Proxies are handed on, since sudo drops them.
as_root() {
  local variable settings=(DEBIAN_FRONTEND=noninteractive)
  for variable in http_proxy https_proxy no_proxy; do
    if [[ -n ${!variable:-} ]]; then settings+=("$variable=${!variable}"); fi
  done
  if ((EUID == 0)); then env "${settings[@]}" "$@"; else sudo env "${settings[@]}" "$@"; fi
}

# install_packages LIST...: with apt, when one of them is missing.
install_packages() {
  local missing count
  command -v dpkg-query >/dev/null ||
    die "needs Debian 12; elsewhere install what these packages hold: $(packages_of "$@" | xargs)"
  missing=$(missing_packages "$@")
  if [[ -z $missing ]]; then return 0; fi
  count=$(wc -l <<<"$missing")
  if ((EUID != 0)) && ! command -v sudo >/dev/null; then
    die "neither root nor sudo; as root do: apt-get install $(xargs <<<"$missing")"
  fi
  say "installing $count Debian packages: $(xargs <<<"$missing")"
  quietly apt-update as_root apt-get -q -y -o DPkg::Lock::Timeout=300 update
  # shellcheck disable=SC2086
  quietly apt-install as_root apt-get -q -y -o DPkg::Lock::Timeout=300 \
    install --no-install-recommends $missing
}

# One compiler per core, but no more than memory holds at about 1 GiB each.
jobs_that_fit() {
  local cores memory_gib
  cores=$(nproc)
  memory_gib=$(awk '/^MemAvailable:/ { print int($2 / 1048576) }' /proc/meminfo 2>/dev/null) || true
  if [[ -n $memory_gib ]] && ((memory_gib < cores)); then cores=$((memory_gib > 0 ? memory_gib : 1)); fi
  printf '%s\n' "$cores"
}

# build PRESET [TARGET...]: configures when needed, then builds.
build() {
  local preset=$1 ninja_file=$repo/build/$1/build.ninja targets=()
  shift
  if (($# > 0)); then targets=(--target "$@"); fi
  cd "$repo" || return
  if [[ ! -e $ninja_file || CMakePresets.json -nt $ninja_file ]]; then
    say "configuring build/$preset"
    quietly "configure-$preset" cmake --preset "$preset"
  fi
  say "building build/$preset"
  local command=(cmake --build --preset "$preset" -j "$(jobs_that_fit)" "${targets[@]}")
  # Ninja's one moving line is for a terminal; elsewhere a line now and then says how far it is.
  if [[ -t 1 ]]; then "${command[@]}" </dev/null; else with_progress "build-$preset" "${command[@]}"; fi
  cd - >/dev/null || return
}

# install_npm_packages FOLDER...: `npm ci` where a lock file is newer than what is installed.
install_npm_packages() {
  local folder stamp wanted
  for folder in "$@"; do
    if [[ ! -e $repo/$folder/package-lock.json ]]; then continue; fi
    stamp=$repo/$folder/node_modules/.lock-sha256
    wanted=$(sha256sum <"$repo/$folder/package-lock.json")
    if [[ -e $stamp && $(<"$stamp") == "$wanted" ]]; then continue; fi
    say "installing the npm packages of $folder"
    quietly "npm-${folder//\//-}" npm ci --no-audit --no-fund --prefix "$repo/$folder"
    mkdir -p "${stamp%/*}"
    printf '%s\n' "$wanted" >"$stamp"
  done
}
