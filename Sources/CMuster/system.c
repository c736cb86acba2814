#define _GNU_SOURCE
#include "CMuster.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <elf.h>
#include <link.h>
#include <linux/mempolicy.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int control(int epoll, int operation, int fd, uint32_t events, uint64_t tag) {
  struct epoll_event event = {.events = events, .data.u64 = tag};
  return epoll_ctl(epoll, operation, fd, &event);
}

int muster_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

int muster_eventfd(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

int muster_epoll_remove(int epoll, int fd) { return epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL); }

_Static_assert(MUSTER_INPUT == EPOLLIN && MUSTER_OUTPUT == EPOLLOUT, "as the kernel has them");

int muster_epoll_add(int epoll, int fd, uint32_t events, uint64_t tag) {
  return control(epoll, EPOLL_CTL_ADD, fd, events, tag);
}

int muster_epoll_modify(int epoll, int fd, uint32_t events, uint64_t tag) {
  return control(epoll, EPOLL_CTL_MOD, fd, events, tag);
}

int muster_epoll_wait(int epoll, uint64_t *tags, uint32_t *events, int capacity, int64_t nanoseconds) {
  struct epoll_event ready[64];
  if (capacity > 64) capacity = 64;
  // epoll_wait knows whole milliseconds only (epoll_pwait2 came with Linux 5.11): the short sleeps of a polled transport
  // wait for the epoll descriptor itself.
  if (nanoseconds > 0 && nanoseconds < 100000000) {
    struct pollfd self = {epoll, POLLIN, 0};
    struct timespec limit = {0, nanoseconds};
    if (ppoll(&self, 1, &limit, NULL) <= 0) return 0;
    nanoseconds = 0;
  }
  // Rounded up: waking before a timer is due would poll again and again until it is.
  int64_t milliseconds = nanoseconds < 0 ? -1 : (nanoseconds + 999999) / 1000000;
  if (milliseconds > 1000000000) milliseconds = 1000000000;
  int count = epoll_wait(epoll, ready, capacity, (int)milliseconds);
  for (int i = 0; i < count; i++) {
    tags[i] = ready[i].data.u64;
    events[i] = ready[i].events;
  }
  return count;
}

void muster_name_thread(const char *name) { prctl(PR_SET_NAME, name); }

long muster_random(void *out, size_t count) { return getrandom(out, count, 0); }

int muster_accept(int listener) { return accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC); }

// The system call, not glibc's wrapper: it returns the size of the kernel's mask, and takes masks of any size.
long muster_get_affinity(uint8_t *mask, size_t size) { return syscall(SYS_sched_getaffinity, 0, size, mask); }

int muster_set_affinity(pid_t thread, const uint8_t *mask, size_t size) {
  return (int)syscall(SYS_sched_setaffinity, thread, size, mask);
}

void muster_leave_core(void) {
  uint8_t mask[1024];
  long size = muster_get_affinity(mask, sizeof mask);
  int cpu = sched_getcpu();
  if (size < 0 || cpu < 0) return;
  uint8_t bit = (uint8_t)(1 << cpu % 8);
  mask[cpu / 8] &= (uint8_t)~bit;
  // Refused where no CPU is left.
  if (muster_set_affinity(0, mask, (size_t)size) != 0) return;
  mask[cpu / 8] |= bit;
  muster_set_affinity(0, mask, (size_t)size);
}

int muster_set_memory_local(void) { return (int)syscall(SYS_set_mempolicy, MPOL_LOCAL, NULL, 0); }

int muster_set_memory_interleaved(const uint8_t *nodes, size_t size) {
  unsigned long mask[1024 / sizeof(unsigned long)] = {0};
  if (size > sizeof mask) {
    errno = EINVAL;
    return -1;
  }
  memcpy(mask, nodes, size);
  // The kernel ignores the last bit it is told of.
  return (int)syscall(SYS_set_mempolicy, MPOL_INTERLEAVE, mask, size * 8 + 1);
}

int muster_pipe(int *ends) { return pipe2(ends, O_CLOEXEC); }

int muster_spawn_in_directory(posix_spawn_file_actions_t *actions, const char *directory) {
  return posix_spawn_file_actions_addchdir_np(actions, directory);
}

static int first_object(struct dl_phdr_info *info, size_t size, void *context) {
  (void)size;
  *(uintptr_t *)context = info->dlpi_addr;
  return 1;
}

uintptr_t muster_load_address(void) {
  uintptr_t address = 0;
  dl_iterate_phdr(first_object, &address);
  return address;
}

const char *muster_symbol_name(uintptr_t address, const char **object, uintptr_t *offset) {
  Dl_info info;
  if (dladdr((const void *)address, &info) == 0) return NULL;
  *object = info.dli_fname;
  *offset = address - (uintptr_t)info.dli_fbase;
  return info.dli_sname;
}

int muster_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int muster_die_with_parent(int signal) { return prctl(PR_SET_PDEATHSIG, signal); }

int64_t muster_peer_uid(int fd) {
  struct ucred credentials;
  socklen_t length = sizeof credentials;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) return -1;
  return credentials.uid;
}

int64_t muster_peer_pid(int fd) {
  struct ucred credentials;
  socklen_t length = sizeof credentials;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) return -1;
  return credentials.pid;
}

int muster_pidfd_signal(int pidfd, int signal) { return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0); }

struct build_id {
  uint8_t *out;
  size_t capacity, length;
};

// The first object that dl_iterate_phdr reports is the executable itself.
static int find_build_id(struct dl_phdr_info *info, size_t size, void *context) {
  (void)size;
  struct build_id *found = context;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *header = &info->dlpi_phdr[i];
    if (header->p_type != PT_NOTE) continue;
    const uint8_t *at = (const uint8_t *)(info->dlpi_addr + header->p_vaddr), *end = at + header->p_memsz;
    while (at + sizeof(ElfW(Nhdr)) <= end) {
      const ElfW(Nhdr) *note = (const ElfW(Nhdr) *)at;
      const uint8_t *name = at + sizeof *note, *description = name + ((note->n_namesz + 3) & ~3u);
      if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 && memcmp(name, "GNU", 4) == 0) {
        found->length = note->n_descsz < found->capacity ? note->n_descsz : found->capacity;
        memcpy(found->out, description, found->length);
        return 1;
      }
      at = description + ((note->n_descsz + 3) & ~3u);
    }
  }
  return 1;
}

size_t muster_build_id(uint8_t *out, size_t capacity) {
  struct build_id found = {.out = out, .capacity = capacity};
  dl_iterate_phdr(find_build_id, &found);
  return found.length;
}

static char directory_to_remove[108];

struct linux_dirent64 {
  uint64_t inode;
  int64_t offset;
  unsigned short length;
  unsigned char type;
  char name[];
};

// Only async-signal-safe calls: readdir(3) may take malloc's lock, the system call below it does not.
static void remove_directory(int signal) {
  const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  int directory = directory_to_remove[0] != 0 ? open(directory_to_remove, flags) : -1;
  if (directory >= 0) {
    char entries[4096] __attribute__((aligned(8)));
    long size;
    while ((size = syscall(SYS_getdents64, directory, entries, sizeof entries)) > 0) {
      for (long at = 0; at < size;) {
        struct linux_dirent64 *entry = (struct linux_dirent64 *)(entries + at);
        if (entry->name[0] != '.') unlinkat(directory, entry->name, 0);
        at += entry->length;
      }
    }
    close(directory);
    rmdir(directory_to_remove);
  }
  if (signal != 0) {
    // SA_RESETHAND has restored the default action: die by the signal, as the parent expects to see.
    raise(signal);
  }
}

void muster_remove_directory_on_signal(const char *directory) {
  if (directory == NULL) {
    directory_to_remove[0] = 0;
    return;
  }
  snprintf(directory_to_remove, sizeof directory_to_remove, "%s", directory);
  const int signals[] = {SIGHUP, SIGINT, SIGTERM};
  for (int i = 0; i < 3; i++) {
    struct sigaction current;
    if (sigaction(signals[i], NULL, &current) != 0 || current.sa_handler != SIG_DFL) continue;
    struct sigaction action = {.sa_handler = remove_directory, .sa_flags = (int)SA_RESETHAND};
    sigaction(signals[i], &action, NULL);
  }
}

void muster_line_buffer_output(void) { setvbuf(stdout, NULL, _IOLBF, 0); }

void muster_write_stream(bool is_error, const void *bytes, size_t count) {
  FILE *stream = is_error ? stderr : stdout;
  flockfile(stream);
  fwrite(bytes, 1, count, stream);
  fflush(stream);
  funlockfile(stream);
}

// Atomic, because the handler runs on any thread; free of locks, as a handler needs it.
static _Atomic int watch_descriptor = -1;
static struct sigaction unwatched[NSIG];

static void report_signal(int signal) {
  int saved = errno;
  unsigned char byte = (unsigned char)signal;
  // A full pipe has more than enough of them.
  ssize_t written = write(watch_descriptor, &byte, 1);
  (void)written;
  errno = saved;
}

int muster_watch_signal(int signal, int descriptor) {
  watch_descriptor = descriptor;
  struct sigaction action = {.sa_handler = report_signal, .sa_flags = SA_RESTART};
  return sigaction(signal, &action, &unwatched[signal]);
}

void muster_unwatch_signal(int signal) { sigaction(signal, &unwatched[signal], NULL); }

static void do_nothing(int signal) { (void)signal; }

void muster_survive_signal(int signal) {
  struct sigaction action = {.sa_handler = do_nothing, .sa_flags = SA_RESTART};
  sigaction(signal, &action, NULL);
}
