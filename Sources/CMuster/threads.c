#define _GNU_SOURCE
#include "CMuster.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static __thread void *thread_engine;
static __thread void *current_loop;
static __thread uint64_t current_sequence;

__attribute__((noinline)) void *muster_thread_engine(void) { return thread_engine; }
__attribute__((noinline)) void muster_set_thread_engine(void *engine) { thread_engine = engine; }

__attribute__((noinline)) void *muster_current_loop(void) { return current_loop; }
__attribute__((noinline)) uint64_t muster_current_sequence(void) { return current_sequence; }
__attribute__((noinline)) void muster_set_current_loop(void *loop, uint64_t sequence) {
  current_loop = loop;
  current_sequence = sequence;
}

uint64_t muster_now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

bool muster_semaphore_wait(sem_t *semaphore, uint64_t nanoseconds) {
  uint64_t deadline = muster_now() + nanoseconds;
  struct timespec time = {.tv_sec = (time_t)(deadline / 1000000000u), .tv_nsec = (long)(deadline % 1000000000u)};
  int result;
  do {
    result = sem_clockwait(semaphore, CLOCK_MONOTONIC, &time);
  } while (result != 0 && errno == EINTR);
  return result == 0;
}

pid_t muster_thread_id(void) { return gettid(); }

uint64_t muster_thread_time(pid_t thread) {
  // As pthread_getcpuclockid makes it from a pthread_t: a clock of one thread (4) that counts scheduled time (2).
  clockid_t clock = (clockid_t)((~(unsigned)thread << 3) | 6);
  struct timespec time;
  if (clock_gettime(clock, &time) != 0) return 0;
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

bool muster_thread_is_runnable(pid_t thread) {
  // proc(5): "tid (name) state …"; the name may hold anything, a parenthesis too.
  char path[64], text[512];
  snprintf(path, sizeof path, "/proc/self/task/%d/stat", thread);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  ssize_t count = read(file, text, sizeof text - 1);
  close(file);
  if (count <= 0) return false;
  text[count] = 0;
  const char *end = strrchr(text, ')');
  return end && end[1] == ' ' && end[2] == 'R';
}
