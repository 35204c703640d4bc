#!/bin/sh
# The Debian package: builds it, looks at what is in it, unpacks it and starts what it holds.   package.sh BUILD_DIR POSTS.jsonl
# Exit status 77: skipped, something that it needs is missing here.
set -eu
build=$1 posts=$2
for tool in cpack dpkg-deb dpkg-shlibdeps gzip; do
  command -v $tool >/dev/null || { echo "skipped: no $tool here"; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "package: $*" >&2; exit 1; }

(cd "$build" && cpack -G DEB -B "$work" >"$work/log" 2>&1) || { cat "$work/log"; fail "cpack failed"; }
package=$(ls "$work"/*.deb)
tree="$work/tree"
dpkg-deb -x "$package" "$tree"

# What must be there, and nothing that must not.
dpkg-deb -c "$package" >"$work/list"
for f in usr/bin/telltale usr/bin/telltale-workbench usr/share/applications/telltale-workbench.desktop usr/share/mime/packages/telltale.xml \
  usr/share/icons/hicolor/scalable/apps/telltale-workbench.svg usr/share/telltale/newsgroups-mini/posts.jsonl \
  usr/share/doc/telltale/copyright usr/share/doc/telltale/changelog.gz usr/share/man/man1/telltale.1.gz usr/share/man/man1/telltale-workbench.1.gz; do
  [ -f "$tree/$f" ] || fail "$f is missing"
done
unexpected=$(find "$tree" -type f \( -name 'test_*' -o -name '*.a' -o -name '*.hpp' -o -name '*.o' \) | head -n 3)
[ -z "$unexpected" ] || fail "should not be in it: $unexpected"
awk '$1 ~ /^.....w|^........w/ {print; bad = 1} END {exit bad}' "$work/list" || fail "others may write it"
cmp -s "$tree/usr/share/telltale/newsgroups-mini/posts.jsonl" "$posts" || fail "the bundled posts are not those of the source"
if command -v readelf >/dev/null; then
  for program in telltale telltale-workbench; do
    readelf -S "$tree/usr/bin/$program" | grep -q '\.debug_info' && fail "$program is not stripped"
    readelf -d "$tree/usr/bin/$program" | grep -E 'RPATH|RUNPATH' | grep -q "$build" && fail "$program looks for libraries in the build folder"
  done
fi
depends=$(dpkg-deb -f "$package" Depends)
for library in libtorch libqt6widgets6 libsqlite3-0 libopenblas0-openmp libc6; do
  case $depends in *$library*) ;; *) fail "does not depend on $library: $depends" ;; esac
done

# It starts from where it was unpacked.
"$tree/usr/bin/telltale" --help >/dev/null || fail "telltale --help"
"$tree/usr/bin/telltale" data import "$tree/usr/share/telltale/newsgroups-mini/posts.jsonl" --db "$work/a.telltale" --name posts >/dev/null || fail "telltale data import"
QT_QPA_PLATFORM=offscreen HOME="$work" "$tree/usr/bin/telltale-workbench" "$work/a.telltale" --grab "$work/runs.png" --workspace runs 2>"$work/said" || { cat "$work/said"; fail "telltale-workbench --grab"; }
[ -s "$work/said" ] && { cat "$work/said"; fail "telltale-workbench --grab says something though all is well"; }
[ "$(head -c 8 "$work/runs.png" | od -An -tx1 | tr -d ' \n')" = 89504e470d0a1a0a ] || fail "no picture was drawn"

# The desktop entry and the type of files.
desktop="$tree/usr/share/applications/telltale-workbench.desktop"
if command -v desktop-file-validate >/dev/null; then
  said=$(desktop-file-validate "$desktop") || fail "desktop entry: $said"
  [ -z "$said" ] || fail "desktop entry: $said"
fi
program=$(sed -n 's/^Exec=\([^ ]*\).*/\1/p' "$desktop") icon=$(sed -n 's/^Icon=//p' "$desktop") type=$(sed -n 's/^MimeType=\([^;]*\);$/\1/p' "$desktop")
[ -x "$tree/usr/bin/$program" ] || fail "the desktop entry starts $program, which is not in the package"
[ -f "$tree/usr/share/icons/hicolor/scalable/apps/$icon.svg" ] || fail "the desktop entry's icon $icon is not in the package"
grep -q "type=\"$type\"" "$tree/usr/share/mime/packages/telltale.xml" || fail "the desktop entry opens $type, which telltale.xml does not define"
if command -v update-mime-database >/dev/null; then
  update-mime-database "$tree/usr/share/mime" >"$work/mime" 2>&1 || { cat "$work/mime"; fail "update-mime-database"; }
  grep -q "^[0-9]*:$type:\*.telltale" "$tree/usr/share/mime/globs2" || fail "*.telltale is not $type"
fi
echo "package: $(basename "$package"), $(du -k "$package" | cut -f1) KiB, is good"
