/// hwloc(7) as Swift sees it. Header-only: a system library target compiles nothing.
#pragma once
#include <hwloc.h>
#include <stdbool.h>

#if HWLOC_API_VERSION < 0x00020000
#error "Muster needs hwloc 2.0 or later (Debian: libhwloc-dev)"
#endif

/// The whole machine, also what this job may not use; and no thread is moved about to ask each processor what it is,
/// as the kernel has told. Here because the second flag is newer than the oldest hwloc we take (2.5).
static inline unsigned long muster_hwloc_flags(void) {
  unsigned long flags = HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED;
#if HWLOC_API_VERSION >= 0x00020500
  flags |= HWLOC_TOPOLOGY_FLAG_DONT_CHANGE_BINDING;
#endif
  return flags;
}

/// How many kinds of cores there are; 0 where hwloc cannot tell (kinds of cores came with 2.4).
static inline int muster_hwloc_kind_count(hwloc_topology_t topology) {
#if HWLOC_API_VERSION >= 0x00020400
  int count = hwloc_cpukinds_get_nr(topology, 0);
  return count < 0 ? 0 : count;
#else
  (void)topology;
  return 0;
#endif
}

/// Fills in the processors of a kind; returns its rank among the kinds, 0 for the slowest, or -1 where that is unknown.
static inline int muster_hwloc_kind(hwloc_topology_t topology, int index, hwloc_bitmap_t cpus) {
  int efficiency = -1;
#if HWLOC_API_VERSION >= 0x00020400
  if (hwloc_cpukinds_get_info(topology, (unsigned)index, cpus, &efficiency, NULL, NULL, 0) != 0) return -1;
#else
  (void)topology, (void)index, (void)cpus;
#endif
  return efficiency;
}
