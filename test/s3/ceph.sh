#!/usr/bin/env bash
# A real S3 on loopback: one-node Ceph with its RGW.  ceph.sh <empty folder> <S3 port> <monitor port>
#
# Prints "ready", and ends with its standard input (Ctrl-D), so that it never outlives the process that started it.
# Keys devkey/devsecret, region us-east-1, path style. Objects live in memory (OSD memstore): delete what a test no longer
# needs. Debian packages: ceph-mon ceph-osd ceph-mgr radosgw ceph-common.
set -euo pipefail
folder=$1 port=$2 mon_port=$3

# Nothing is worth a graceful end: the data lives in memory, and the folder goes too.
down() {
  for file in "$folder"/run/*.pid; do kill -KILL "$(cat "$file")" 2>/dev/null || true; done
  rm -rf "$folder"
}
trap down EXIT
trap '' PIPE

mkdir -p "$folder"/{mon,osd,mgr,run,log,rgw}
fsid=$(cat /proc/sys/kernel/random/uuid)
cat >"$folder/ceph.conf" <<CONF
[global]
fsid = $fsid
mon host = [v2:127.0.0.1:$mon_port]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
log file = $folder/log/\$name.log
run dir = $folder/run
admin socket = $folder/run/\$name.asok
pid file = $folder/run/\$name.pid
keyring = $folder/keyring
[mon.a]
mon data = $folder/mon
[mgr.x]
mgr data = $folder/mgr
[osd.0]
osd data = $folder/osd
osd objectstore = memstore
memstore device bytes = 6442450944
[client.rgw]
rgw data = $folder/rgw
rgw frontends = beast endpoint=127.0.0.1:$port
rgw enable usage log = false
# Deleted objects free their memory within seconds, not hours.
rgw gc obj min wait = 1
rgw gc processor period = 5
rgw gc processor max time = 5
CONF

conf=(-c "$folder/ceph.conf")
ceph() { command ceph "${conf[@]}" -k "$folder/keyring" -n client.admin "$@" </dev/null; }
key() { ceph-authtool "$folder/keyring" --gen-key -n "$@" >/dev/null; }

ceph-authtool --create-keyring "$folder/keyring" --gen-key -n mon. --cap mon 'allow *' >/dev/null
key client.admin --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *'
key mgr.x --cap mon 'allow profile mgr' --cap osd 'allow *'
key osd.0 --cap mon 'allow profile osd' --cap mgr 'allow profile osd' --cap osd 'allow *'
key client.rgw --cap mon 'allow rw' --cap osd 'allow rwx' --cap mgr 'allow rw'
monmaptool --create --clobber --addv a "[v2:127.0.0.1:$mon_port]" --fsid "$fsid" "$folder/monmap" >/dev/null
ceph-mon "${conf[@]}" --mkfs -i a --monmap "$folder/monmap" --keyring "$folder/keyring"
ceph-mon "${conf[@]}" -i a
ceph-mgr "${conf[@]}" -i x
osd=$(cat /proc/sys/kernel/random/uuid)
ceph osd new "$osd" >/dev/null
ceph-osd "${conf[@]}" -i 0 --mkfs --osd-uuid "$osd" >/dev/null 2>&1
ceph-osd "${conf[@]}" -i 0 >/dev/null 2>&1
for _ in $(seq 120); do ceph osd stat 2>/dev/null | grep -q '1 up' && break; sleep .25; done
radosgw "${conf[@]}" -n client.rgw
radosgw-admin "${conf[@]}" -n client.rgw user create --uid=dev --display-name=dev --access-key=devkey --secret=devsecret >/dev/null
for _ in $(seq 120); do
  if curl -sf -o /dev/null "http://127.0.0.1:$port"; then
    echo ready
    cat >/dev/null
    exit 0
  fi
  sleep .25
done
echo "Ceph's S3 did not answer on port $port:" >&2
tail -n 5 "$folder"/log/*.log >&2
exit 1
