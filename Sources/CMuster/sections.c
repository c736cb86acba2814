#include "CMuster.h"

// The linker's names for both ends of a section; null in an executable that has none.
extern const muster_closure_record __start_muster_closures[] __attribute__((weak, visibility("hidden")));
extern const muster_closure_record __stop_muster_closures[] __attribute__((weak, visibility("hidden")));

const muster_closure_record *muster_closure_records(long *count) {
  *count = __stop_muster_closures - __start_muster_closures;
  return __start_muster_closures;
}
