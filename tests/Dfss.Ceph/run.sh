#!/usr/bin/env bash
# run.sh: starts a Ceph, runs the tests that need a real engine against it, and stops it. The test project must be built.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
if ! command -v radosgw >/dev/null || ! command -v ceph-mon >/dev/null; then
  echo "There is no Ceph here: apt-get install --no-install-recommends ceph-mon ceph-mgr ceph-osd radosgw ceph-common" >&2
  exit 1
fi

trap 'tests/Dfss.Ceph/ceph.sh stop' EXIT
tests/Dfss.Ceph/ceph.sh start || exit 1
export DFSS_S3="s3://dfss-test?endpoint=http://127.0.0.1:${DFSS_CEPH_PORT:-7480}"
export AWS_ACCESS_KEY_ID=dfsstest AWS_SECRET_ACCESS_KEY=dfsstestsecret
dotnet test tests/Dfss.Core.Tests --no-build --nologo --logger "console;verbosity=detailed" \
  --filter "FullyQualifiedName~RealEngine|FullyQualifiedName~A_real_engine"
