#!/bin/sh
# The Ising model on the ranks of an MPI job that mpirun starts on the hosts of a hostfile.
#
#     jobscripts/mpirun.sh [RANKS [HOSTFILE [mpi|tcp]]]
#
# The program must be at the same path on every host, and ssh must lead there without a password. Build it first:
#     swift build -c release --traits MPI --product ising
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
ranks=${1:-4}
hosts=${2:-$here/hostfiles/mpirun.txt}
mode=${3:-mpi}

# MPICH's launcher calls its hostfile a machine file.
if mpirun --version 2>&1 | grep -q "Open MPI"; then list=--hostfile; else list=-f; fi
exec mpirun -n "$ranks" $list "$hosts" \
  "$here/.build/release/ising" --mpi "$mode" "$here/Examples/Ising/parameters.txt" \
  --output "$here/results/mpirun" --no-comparison
