#!/usr/bin/env bash
# Ends the Ceph of ceph-up.sh by its pid files and removes its folder.  ceph-down.sh <folder>
set -euo pipefail
folder=$1
for file in "$folder"/run/*.pid; do
  # Nothing is worth a graceful end: the data lives in memory, and the folder goes too.
  [ -e "$file" ] && kill -KILL "$(cat "$file")" 2>/dev/null || true
done
rm -rf "$folder"
