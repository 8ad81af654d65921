# Sourced by the scripts beside it: where the tree is, how to talk, and which python and meson to use.
# A version manager's python3 may shadow the system's; ours must be the one that has Debian's pydicom.

set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }

first_of() {
  local candidate
  for candidate in "$@"; do
    if command -v "$candidate" >/dev/null 2>&1; then
      command -v "$candidate"
      return 0
    fi
  done
  return 1
}

python() { "$(first_of /usr/bin/python3 python3)" "$@"; }
meson() { "$(first_of /usr/bin/meson meson)" "$@"; }
ninja() { "$(first_of /usr/bin/ninja ninja)" "$@"; }

# Meson and ninja are started by meson with the PATH they find; the system's python goes first there too.
export PATH="/usr/bin:/usr/sbin:$PATH"

# build_in DIR [meson option...]: configure once, then build what changed.
build_in() {
  local folder=$1
  shift
  if [ ! -f "$folder/build.ninja" ]; then
    meson setup "$folder" "$root" "$@" >"$folder.log" 2>&1 || { cat "$folder.log" >&2; die "meson setup failed"; }
  fi
  ninja -C "$folder" >"$folder.log" 2>&1 || { tail -n 60 "$folder.log" >&2; die "the build in $folder failed"; }
}

# What the demo runs and a user types.
build_release() {
  say "building (build/release) ..."
  mkdir -p "$root/build"
  build_in "$root/build/release" -Dbuildtype=release -Ddocs=enabled
}

say_where_it_is() {
  say ""
  say "To type \`scu\` in this shell:    export PATH=\"$root/build/release/cli:\$PATH\""
  say "The examples:                 $root/build/release/examples/example_*"
}
