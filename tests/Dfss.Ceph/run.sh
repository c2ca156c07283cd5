#!/usr/bin/env bash
# run.sh [<options of dotnet test>]
# run.sh -- <command...>
# Starts a Ceph with three OSDs and two copies, or with one where that does not start, and stops it, whatever happens.
# Meanwhile it runs the tests that need a real engine, whose project must be built, or the command, with DFSS_S3 and
# the credentials in its environment. Exit code 77: no Ceph has started here, and nothing was run.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
for program in ceph-mon ceph-osd radosgw radosgw-admin ceph; do
  command -v "$program" >/dev/null && continue
  echo "There is no Ceph here: apt-get install --no-install-recommends ceph-mon ceph-osd radosgw ceph-common" >&2
  exit 1
done

# Short: the paths of its sockets have a limit.
export DFSS_CEPH=${DFSS_CEPH:-$(mktemp -d /tmp/dfss-ceph.XXXXXX)}
trap 'tests/Dfss.Ceph/ceph.sh stop' EXIT
trap 'exit 143' TERM INT

# start <OSDs> <copies>: in two minutes at most; on two busy cores it takes 20 s.
start() {
  export DFSS_CEPH_OSDS=$1 DFSS_CEPH_COPIES=$2
  timeout --foreground 120 tests/Dfss.Ceph/ceph.sh start && return
  echo "A Ceph with $1 OSDs did not start:" >&2
  tail -n 20 "$DFSS_CEPH/log/boot" >&2
  tests/Dfss.Ceph/ceph.sh stop
  return 1
}

start "${DFSS_CEPH_OSDS:-3}" "${DFSS_CEPH_COPIES:-2}" || start 1 1 || exit 77
export DFSS_S3="s3://dfss-test?endpoint=$(cat "$DFSS_CEPH/endpoint")"
# Neither a proxy nor credentials of the environment are for this engine.
unset "${!AWS_@}"
export no_proxy=127.0.0.1,localhost NO_PROXY=127.0.0.1,localhost
export AWS_ACCESS_KEY_ID=dfsstest AWS_SECRET_ACCESS_KEY=dfsstestsecret
if [ "${1:-}" = -- ]; then
  "${@:2}"
  exit
fi

dotnet test tests/Dfss.Core.Tests --no-build --nologo --logger "console;verbosity=detailed" \
  --filter "FullyQualifiedName~RealEngine|FullyQualifiedName~A_real_engine" "$@"
