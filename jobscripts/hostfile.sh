#!/bin/sh
# Workers on machines that you name yourself, without any scheduler. ssh must get to each of them without asking (keys,
# and each host known), and the program must be there at the same path: build it in a directory that all see, or copy it.
#
#     jobscripts/hostfile.sh HOSTFILE [PROGRAM [ARGUMENT...]]
#
# For the grammars of hostfiles see hostfiles/. `auto*n1` is a worker for each core of n1:
#
#     printf 'auto*n1\nauto*n2\n' >hosts
#     swift build -c release --product whereabouts
#     jobscripts/hostfile.sh hosts
set -eu

hostfile=${1:?usage: $0 HOSTFILE [PROGRAM [ARGUMENT...]]}
program=${2:-.build/release/whereabouts}
shift
[ $# -eq 0 ] || shift

# Muster takes --machine-file from the front of the command line; the rest is the program's.
exec "$program" --machine-file "$hostfile" "$@"
