#!/bin/sh
# Installs the agent as a system service, or takes it away; see --help. Finds
# Node and hands over to the planner.
set -eu
here=$(dirname "$(readlink -f "$0")")
main=$here/../dist/installer/main.js

stop() {
  echo "install.sh: $1" >&2
  exit 1
}

node=$(command -v node) || stop "Node 20.19 or newer is needed, and there is no node in PATH"
"$node" -e 'const [a, b] = process.versions.node.split(".").map(Number);
  process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
  stop "Node 20.19 or newer is needed; $node is $("$node" --version)"
[ -f "$main" ] || stop "this tree is not built: run scripts/prepare first"
exec "$node" "$main" "$@"
