#!/bin/bash
# A Muster program in an interactive allocation, for trying things out:
#
#     jobscripts/interactive.sh -N2 -n4 -t 10 -- .build/release/BatchJob
#
# What stands before -- is for salloc. The program is process 1 on this machine, its workers are on the nodes of the
# allocation, and everything ends with it. It reaches the nodes and they reach it, which not every site allows from its
# login nodes: then use slurm.sbatch.
set -eu

options=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
  options+=("$1")
  shift
done
[ $# -gt 1 ] || { sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0" >&2; exit 2; }
shift
exec salloc "${options[@]}" "$@"
