#!/usr/bin/env bash
# ceph.sh start|stop: a Ceph with radosgw on free ports of 127.0.0.1, for tests: as root, without systemd, objects in memory.
# DFSS_CEPH is its folder, empty or of an earlier start; DFSS_CEPH_OSDS (1) the number of OSDs, DFSS_CEPH_COPIES (1) that of copies. The folder's file
# `endpoint` has radosgw's address when it is up, run/osd.0.pid and run/client.rgw.pid the processes. Keys: dfsstest,
# dfsstestsecret. Debian's packages: ceph-mon ceph-osd radosgw ceph-common.
set -euo pipefail
base=${DFSS_CEPH:-${TMPDIR:-/tmp}/dfss-ceph}
osds=${DFSS_CEPH_OSDS:-1}
copies=${DFSS_CEPH_COPIES:-1}
conf=$base/ceph.conf
# Seconds after which its processes end by themselves, should whoever has started them be gone.
life=${DFSS_CEPH_SECONDS:-1800}

# Sets `port` to one that nothing listens on, below those that a system gives to outgoing connections.
find_port() {
  while :; do
    port=$((20000 + RANDOM % 12000))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || return 0
  done
}

configure() {
  cat >"$conf" <<X
[global]
fsid = $1
mon_host = v2:127.0.0.1:$mon/0
ms_bind_ipv4 = true
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
public_network = 127.0.0.0/8
auth_cluster_required = cephx
auth_service_required = cephx
auth_client_required = cephx
auth_allow_insecure_global_id_reclaim = false
keyring = $base/keyring
osd_pool_default_size = $copies
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pgp_num = 1
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_warn_on_pool_no_redundancy = false
mon_max_pg_per_osd = 1000
mon_data = $base/mon
mon_data_avail_warn = 1
mon_data_avail_crit = 1
osd_data = $base/osd\$id
mon_osd_down_out_interval = 3600
osd_heartbeat_grace = 6
osd_heartbeat_interval = 2
mon_osd_min_down_reporters = 1
osd_objectstore = memstore
memstore_device_bytes = 4294967296
osd_max_object_name_len = 2048
osd_class_load_list = *
osd_class_default_list = *
admin_socket = $base/run/\$name.asok
run_dir = $base/run
pid_file = $base/run/\$name.pid
log_file = $base/log/\$name.log
log_to_stderr = false
debug_ms = 0/0
rgw_data = $base/rgw
rgw_frontends = beast endpoint=127.0.0.1:$port tcp_nodelay=1
rgw_thread_pool_size = 32
rgw_enable_apis = s3, admin
rgw_run_sync_thread = false
rgw_dynamic_resharding = false
rgw_dns_name = localhost
X
}

# run <program> <options...>: in the background, for so long at most.
run() { timeout --signal=KILL "$life" "$1" -f -c "$conf" "${@:2}" >>"$base/log/boot" 2>&1 </dev/null & }

# Whether the folder is ours to empty: one that is empty, or has our configuration.
is_ours() {
  [ -z "$(ls -A "$base")" ] || [ -e "$conf" ] && return
  echo "$base has files and no ceph.conf: it is not a folder of this script. Name another one with DFSS_CEPH." >&2
  return 1
}

key() { ceph-authtool "$base/keyring" --gen-key "$@" >/dev/null; }

start() {
  local fsid i id port mon gateway
  fsid=$(cat /proc/sys/kernel/random/uuid)
  [ -d "$base" ] || mkdir -m 700 "$base"
  is_ours
  find "$base" -mindepth 1 -delete
  mkdir "$base"/{mon,rgw,run,log}
  find_port
  mon=$port
  find_port
  configure "$fsid"
  export CEPH_CONF=$conf
  ceph-authtool -C "$base/keyring" --gen-key -n mon. --cap mon 'allow *' >/dev/null
  key -n client.admin --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *'
  key -n client.rgw --cap mon 'allow rwx' --cap osd 'allow rwx' --cap mgr 'allow rw'
  monmaptool --create --clobber --fsid "$fsid" --addv a "[v2:127.0.0.1:$mon]" "$base/monmap" >/dev/null
  for ((i = 0; i < osds; i++)); do
    mkdir -p "$base/osd$i"
    key -n "osd.$i" --cap mon 'allow profile osd' --cap mgr 'allow profile osd' --cap osd 'allow *'
  done

  ceph-mon -c "$conf" --mkfs -i a --monmap "$base/monmap" --keyring "$base/keyring" >>"$base/log/boot" 2>&1
  run ceph-mon -i a
  for ((i = 0; i < osds; i++)); do
    id=$(cat /proc/sys/kernel/random/uuid)
    ceph -c "$conf" --connect-timeout 20 osd new "$id" "$i" >/dev/null
    ceph-osd -c "$conf" -i "$i" --mkfs --osd-uuid "$id" >>"$base/log/boot" 2>&1
    run ceph-osd -i "$i"
  done

  for ((i = 0; i < 60; i++)); do
    ceph -c "$conf" osd stat 2>/dev/null | grep -q "$osds up" && break
    sleep 0.3
  done

  run radosgw -n client.rgw
  gateway=$!
  radosgw-admin -c "$conf" user create --uid=dfss --display-name=dfss --access-key=dfsstest --secret-key=dfsstestsecret \
    >>"$base/log/boot" 2>&1
  for ((i = 0; i < 120; i++)); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      # In the foreground it writes none.
      tr -d ' ' <"/proc/$gateway/task/$gateway/children" >"$base/run/client.rgw.pid"
      echo "http://127.0.0.1:$port" >"$base/endpoint"
      return
    fi

    sleep 0.5
  done

  echo "radosgw does not listen on port $port; see $base/log" >&2
  return 1
}

# What runs with this configuration, whether it was up or still on its way, and what a test has stopped with SIGSTOP.
# Nothing that it has is to be kept, so there is nothing to wait for.
stop() {
  local folder
  for folder in /proc/[0-9]*; do
    if { tr '\0' '\n' <"$folder/cmdline"; } 2>/dev/null | grep -qxF -- "$conf"; then
      kill -9 "${folder#/proc/}" 2>/dev/null || true
    fi
  done

  if [ -d "$base" ] && is_ours; then
    # Twice, as one that was just killed may still write.
    rm -rf "$base" || rm -rf "$base"
  fi
}

case ${1:-} in
  start) start ;;
  stop) stop ;;
  *) echo "usage: ceph.sh start|stop" >&2; exit 2 ;;
esac
