#!/bin/sh
# Runs a program on four ranks in two network namespaces with addresses of their own, as if they were two hosts; nothing
# stays. Root only.
#
#     in-namespaces.sh PROGRAM [argument ...]
set -eu
here=muster-$$-a
there=muster-$$-b
agent=$(mktemp)
clean() {
  ip netns delete "$here" 2>/dev/null || true
  ip netns delete "$there" 2>/dev/null || true
  rm -f "$agent"
}
trap clean EXIT

ip netns add "$here"
ip netns add "$there"
ip link add muster-a netns "$here" type veth peer name muster-b netns "$there"
ip -n "$here" address add 10.213.77.1/24 dev muster-a
ip -n "$there" address add 10.213.77.2/24 dev muster-b
for namespace in "$here" "$there"; do ip -n "$namespace" link set lo up; done
ip -n "$here" link set muster-a up
ip -n "$there" link set muster-b up

# In place of ssh: what it is asked to run on the other host, it runs in the other namespace.
cat >"$agent" <<END
#!/bin/sh
shift
exec ip netns exec $there sh -c "\$*"
END
chmod 700 "$agent"
# Not over shared memory: its files are named after the host, and these two have the same name.
ip netns exec "$here" mpirun.openmpi --host 10.213.77.1:2,10.213.77.2:2 -n 4 \
  --mca plm rsh --mca plm_rsh_agent "$agent" --mca oob_tcp_if_include 10.213.77.0/24 \
  --mca pml ob1 --mca btl tcp,self --mca btl_tcp_if_include 10.213.77.0/24 "$@"
