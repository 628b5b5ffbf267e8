#!/usr/bin/env bash
# @anthropic-ai/mcpb 2.1.2 (the official tool for Claude Desktop bundles): a user setting that is empty, and whose
# default is the empty string, becomes "" in the server's `env` but stays as the literal text
# "${user_config.folder}" in its `args`. So a server whose optional setting is passed as an argument is started
# with a folder of that name.
# Seen on 2026-11-29 with Node.js 20, by the package's own getMcpConfigForManifest: see what is printed.
# Ends with 0 if it is still so.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund @anthropic-ai/mcpb@2.1.2 > npm.log 2>&1 || { cat npm.log; exit 2; }
cat > look.mjs <<'END'
import { getMcpConfigForManifest } from "@anthropic-ai/mcpb";
const manifest = {
  manifest_version: "0.3",
  name: "sample",
  version: "1.0.0",
  description: "A sample.",
  author: { name: "Nobody" },
  server: {
    type: "node",
    entry_point: "server.js",
    mcp_config: {
      command: "node",
      args: ["server.js", "--folder", "${user_config.folder}"],
      env: { FOLDER: "${user_config.folder}" },
    },
  },
  user_config: {
    folder: { type: "string", title: "Folder", description: "May stay empty.", default: "", required: false },
  },
};
const systemDirs = { home: "/home/somebody", data: "/home/somebody/data" };
const common = { manifest, extensionPath: "/bundle", systemDirs, pathSeparator: "/" };
for (const userConfig of [{}, { folder: "" }, { folder: "/papers" }]) {
  const found = await getMcpConfigForManifest({ ...common, userConfig });
  console.log(JSON.stringify({ given: userConfig, args: found.args.at(-1), env: found.env.FOLDER }));
}
END
node look.mjs | tee seen
cat > expected <<'END'
{"given":{},"args":"${user_config.folder}","env":""}
{"given":{"folder":""},"args":"${user_config.folder}","env":""}
{"given":{"folder":"/papers"},"args":"/papers","env":"/papers"}
END
diff expected seen
