#!/usr/bin/env bash
# fuzz.sh <seconds> [target...]: fuzzes each target so long, guided by the branches that an input takes. Needs afl-fuzz (Debian: afl++).
# Inputs that crash, hang or cost too much memory end it with exit code 1, and are printed. What was found is in artifacts/fuzz/found.
# fuzz.sh keep [target...]: makes of the corpus, and of what was found since, the least corpus that takes the same branches.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:?give the seconds for each target, or keep}
shift
targets=("$@")
[ ${#targets[@]} -eq 0 ] && targets=($(ls tests/Dfss.Fuzz/corpus))

# .NET: no instrumentation that afl-fuzz would find in the program itself, and more address space than afl-fuzz allows by default.
export AFL_SKIP_BIN_CHECK=1 AFL_NO_UI=1 AFL_SKIP_CPUFREQ=1 AFL_NO_AFFINITY=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1
export DOTNET_TieredPGO=0 DOTNET_NOLOGO=1
bin=artifacts/fuzz/bin
rm -rf "$bin"
dotnet tool restore >/dev/null
dotnet publish tests/Dfss.Fuzz -c Release --nologo -v q -o "$bin"
dotnet sharpfuzz "$bin/Dfss.Core.dll"

bad=0
for target in "${targets[@]}"; do
  corpus=tests/Dfss.Fuzz/corpus/$target
  found=artifacts/fuzz/found/$target
  if [ "$seconds" = keep ]; then
    rm -rf "$found.all" "$found.least"
    mkdir -p "$found.all"
    for input in "$corpus"/* "$found"/default/queue/id*; do
      [ -f "$input" ] && cp "$input" "$found.all/$(sha256sum "$input" | cut -c 1-16)"
    done
    afl-cmin -i "$found.all" -o "$found.least" -m none -t 5000 -- "$bin/Dfss.Fuzz" "$target" >"$found.log" 2>&1 \
      || { tail -n 20 "$found.log"; exit 1; }
    rm -f "$corpus"/*
    cp "$found.least"/* "$corpus"
    echo "$target: $(ls "$corpus" | wc -l) inputs kept"
    continue
  fi

  rm -rf "$found"
  mkdir -p "$found"
  afl-fuzz -V "$seconds" -t 5000 -m none -i "$corpus" -o "$found" -- "$bin/Dfss.Fuzz" "$target" >"$found/log" 2>&1 \
    || { bad=1; tail -n 12 "$found/log"; echo "$target: afl-fuzz failed; its last input: $(base64 -w0 "$found/default/.cur_input")"; }
  stat() { sed -n "s/^$1 *: //p" "$found/default/fuzzer_stats"; }
  echo "$target: $(stat execs_done) inputs, $(stat edges_found) branches, $(stat corpus_count) kinds of input, $(stat saved_crashes) crashes, $(stat saved_hangs) hangs"
  for input in "$found"/default/crashes/id* "$found"/default/hangs/id*; do
    [ -e "$input" ] || continue
    bad=1
    echo "$target: $input: $(base64 -w0 "$input")"
  done
done
exit $bad
