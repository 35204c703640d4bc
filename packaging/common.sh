# Shared by the scripts of this folder: what is installed, how it is built. Sourced, not run.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)

say() { printf '%s\n' "$*" >&2; }
die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# Debian 12's own packages; ARCHITECTURE.md says why each is there.
build_packages="g++ cmake ninja-build pkg-config ccache mold libtorch-dev libopenblas0-openmp libdnnl-dev libsqlitecpp-dev libsqlite3-dev nlohmann-json3-dev libcli11-dev libspdlog-dev libfmt-dev
  libicu-dev libarchive-dev zlib1g-dev libxxhash-dev libboost-dev"
gui_packages="qt6-base-dev qt6-svg-dev libqcustomplot-dev libgl1-mesa-dev fonts-inter fonts-jetbrains-mono"

# install PACKAGE…: those that are missing, through apt, as root or by sudo. Needs no network when nothing is missing.
install() {
  missing=""
  for p in "$@"; do
    dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $p"
  done
  [ -z "$missing" ] && return 0
  command -v apt-get >/dev/null || die "not a Debian system (no apt-get): install by hand:$missing"
  sudo=""
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || die "as an ordinary user without sudo nothing can be installed; missing:$missing"
    sudo=sudo
  fi
  say "Installing $(echo "$missing" | wc -w) Debian packages (a few minutes the first time)"
  log=$(mktemp)
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing >"$log" 2>&1 || {
    $sudo apt-get update >"$log" 2>&1 || true
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing >"$log" 2>&1 || {
      tail -n 20 "$log" >&2
      die "apt-get could not install:$missing"
    }
  }
  rm -f "$log"
}

# A file with LibTorch's headers takes over a gigabyte to compile: as many jobs as processors and memory carry.
jobs() {
  cores=$(nproc)
  memory=$(awk '/MemAvailable/ {print int($2 / 1600000)}' /proc/meminfo)
  [ "$memory" -lt 1 ] && memory=1
  [ "$memory" -lt "$cores" ] && echo "$memory" || echo "$cores"
}

# build PRESET [TARGET…]: configured and built, its log shown only when it fails.
build() {
  preset=$1
  shift
  mkdir -p "$root/build/$preset"
  log="$root/build/$preset/build.log"
  (cd "$root" && cmake --preset "$preset" ${TELLTALE_CMAKE_ARGS:-} >"$log" 2>&1) || { tail -n 30 "$log" >&2; die "configuring failed, see build/$preset/build.log"; }
  started=$(date +%s)
  (cd "$root" && cmake --build --preset "$preset" --parallel "$(jobs)" ${1:+--target "$@"} >>"$log" 2>&1) || { grep -E 'error|FAILED' "$log" | head -n 20 >&2; die "building failed, see build/$preset/build.log"; }
  took=$(($(date +%s) - started))
  [ "$took" -gt 5 ] && say "Built in $((took / 60)) min $((took % 60)) s" || true
}
