#define _GNU_SOURCE
#include "CMuster.h"

#include <execinfo.h>
#include <stdatomic.h>
#include <string.h>

// The Swift runtime calls this hook, if set, wherever an error is thrown (stdlib/public/runtime/ErrorObject).
extern _Atomic(void (*)(void *)) _swift_willThrow __attribute__((weak));

enum { capacity = 64 };
static __thread void *addresses[capacity];
static __thread int count;
static _Atomic(void (*)(void *)) previous;

static void record(void *error) {
  count = backtrace(addresses, capacity);
  void (*next)(void *) = atomic_load(&previous);
  if (next) next(error);
}

void muster_record_throws(bool enabled) {
  if (&_swift_willThrow == NULL) return;
  if (enabled) {
    void *warm_up[1];
    backtrace(warm_up, 1);  // its first call loads libgcc_s, which must not happen inside a throw
    void (*old)(void *) = atomic_exchange(&_swift_willThrow, record);
    if (old != record) atomic_store(&previous, old);
  } else {
    atomic_store(&_swift_willThrow, atomic_load(&previous));
  }
}

int muster_take_throw(void **out, int room) {
  int taken = count < room ? count : room;
  memcpy(out, addresses, (size_t)taken * sizeof *out);
  count = 0;
  return taken;
}
