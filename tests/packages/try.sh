#!/usr/bin/env bash
# Builds the sdist and the wheel, and tries the wheel in an environment that has nothing else, outside the
# checkout. Needs Python 3.11 or newer with venv, and a way to packages. `make package` runs it.
set -euo pipefail
checkout=$(cd "$(dirname "$0")/../.." && pwd)
# Of the environment with its own pip, before any module is compiled.
most_mb=700

work=$(mktemp -d)
server=
trap 'test -z "$server" || { kill "$server"; wait "$server" || true; }; rm -rf "$work"' EXIT
say() { printf '%3d s  %s\n' "$SECONDS" "$1"; }
quiet_pip() { "$1" -m pip --quiet --quiet --disable-pip-version-check "${@:2}"; }

# The wheel is made from the sdist, so that one try is of both.
"${PYTHON:-python3}" -m venv "$work/tools"
quiet_pip "$work/tools/bin/python" install build hatchling pip
"$work/tools/bin/python" -m build --no-isolation --outdir "$work/dist" "$checkout" > "$work/build.log" 2>&1 \
    || { cat "$work/build.log"; exit 1; }
wheel=$(echo "$work"/dist/*.whl)
say "built: $(du -k "$wheel" | cut -f1) KB of wheel, $(du -k "$work"/dist/*.tar.gz | cut -f1) KB of sdist"

"${PYTHON:-python3}" -m venv "$work/env"
quiet_pip "$work/env/bin/python" install --no-compile "$wheel"
mb=$(du -sm "$work/env" | cut -f1)
say "installed with all it needs: $mb MB"
test "$mb" -le "$most_mb" || { echo "That is more than $most_mb MB."; exit 1; }

mkdir "$work/elsewhere" "$work/papers"
cp "$checkout/data/library/how-stackroom-works.pdf" "$work/papers"
cd "$work/elsewhere"
unset PYTHONPATH "${!STACKROOM_@}"
export HOME=$work XDG_DATA_HOME=$work/home
stackroom=$work/env/bin/stackroom
"$stackroom" --version
"$stackroom" index --data "$work/data" --quiet "$work/papers"
say "indexed"
"$stackroom" search --data "$work/data" --json "what happens to a damaged file" > "$work/found.json"
grep -q "How Stackroom works" "$work/found.json"
say "found"

"$stackroom" serve --data "$work/data" --port 0 2> "$work/server.log" &
server=$!
for _ in $(seq 100); do
    address=$(grep -Eom1 'http://127\.0\.0\.1:[0-9]+' "$work/server.log") || true
    test -z "$address" || break
    sleep 0.2
done
get() { "$work/env/bin/python" -c 'import sys, urllib.request as r; print(r.urlopen(sys.argv[1]).read().decode())' "$1"; }
address=${address%%$'\n'*}
get "$address/healthz" > /dev/null
# The page and what it looks like come from files inside the wheel.
page=$(get "$address/")
style=$(grep -Eom1 '/[^"]+\.css[^"]*' <<< "$page")
grep -q '{' <<< "$(get "$address${style%%$'\n'*}")"
say "served: /healthz, the page at / and its style"
