#include "CTestWorker.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/// Defined in Swift, in the target that uses this one: serves, does not return.
extern void test_worker_serve(void);

void test_worker_link(void) {}

// Runs before main(): the runner's own main knows nothing of workers.
__attribute__((constructor)) static void serve_if_worker(void) {
  char arguments[4096];
  int file = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  ssize_t count = read(file, arguments, sizeof arguments - 1);
  close(file);
  if (count <= 0) return;
  arguments[count] = 0;
  size_t first = strlen(arguments) + 1;
  if ((ssize_t)first >= count) return;
  if (strcmp(arguments + first, "--worker") == 0 || strcmp(arguments + first, "--start-worker") == 0) test_worker_serve();
}
