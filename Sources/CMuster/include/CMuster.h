/// What Swift cannot say of Linux. Each entry names the reason it is in C.
#pragma once
#include <semaphore.h>
#include <spawn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// Thread-local state. Out of line, because the compiler may otherwise keep a thread's address across an `await`
// (glibc declares its accessors const), and Swift has no cheap thread-local storage.

/// The Engine whose thread this is, or null.
void *_Nullable muster_thread_engine(void);
void muster_set_thread_engine(void *_Nullable engine);

/// The serving loop whose handler runs in the current job, and the number of its message.
void *_Nullable muster_current_loop(void);
uint64_t muster_current_sequence(void);
void muster_set_current_loop(void *_Nullable loop, uint64_t sequence);

/// The kernel's number of the calling thread; glibc's Swift module lacks it.
pid_t muster_thread_id(void);
/// Nanoseconds of processor time a thread of this process has had; the macro that makes the clock's id is not imported.
uint64_t muster_thread_time(pid_t thread);
/// Whether a thread of this process runs or waits for a processor, rather than for something else.
bool muster_thread_is_runnable(pid_t thread);

// epoll: `struct epoll_event` is packed with a union inside, which Swift imports badly, and Swift's Glibc module has
// neither <sys/epoll.h> nor <sys/eventfd.h>.

enum { MUSTER_INPUT = 1, MUSTER_OUTPUT = 4 };  // EPOLLIN, EPOLLOUT

/// An epoll instance, and an eventfd that does not block; both closed on exec.
int muster_epoll_create(void);
int muster_eventfd(void);
int muster_epoll_remove(int epoll, int fd);
int muster_epoll_add(int epoll, int fd, uint32_t events, uint64_t tag);
int muster_epoll_modify(int epoll, int fd, uint32_t events, uint64_t tag);
/// Waits at most `nanoseconds` (negative: for ever); fills `tags` and `events`.
int muster_epoll_wait(int epoll, uint64_t *_Nonnull tags, uint32_t *_Nonnull events, int capacity, int64_t nanoseconds);

/// Nanoseconds of CLOCK_MONOTONIC, at half the cost of ContinuousClock.now.
uint64_t muster_now(void);

/// sem_clockwait on CLOCK_MONOTONIC; Swift does not import it. True when the semaphore was taken.
bool muster_semaphore_wait(sem_t *_Nonnull semaphore, uint64_t nanoseconds);

// System calls that glibc of Debian 12 lacks or declares variadic.

int muster_pidfd_open(pid_t pid);
int muster_die_with_parent(int signal);
/// Names the calling thread, for ps and debuggers.
void muster_name_thread(const char *_Nonnull name);
/// getrandom(2).
long muster_random(void *_Nonnull out, size_t count);
/// accept4 with SOCK_NONBLOCK and SOCK_CLOEXEC.
int muster_accept(int listener);
/// The mask of the CPUs this thread may run on; returns the bytes written, or -1.
long muster_get_affinity(uint8_t *_Nonnull mask, size_t size);
/// Lets a thread of this process run only there; 0, or -1 and errno.
int muster_set_affinity(pid_t thread, const uint8_t *_Nonnull mask, size_t size);
/// Moves this thread to another CPU of those it may run on, if there is one; it may come back.
void muster_leave_core(void);
/// The memory policy of this thread and those that it makes; 0, or -1 and errno. set_mempolicy(2) is libnuma's, not
/// glibc's.
int muster_set_memory_local(void);
/// The mask of NUMA nodes is a set of bits as for the affinity.
int muster_set_memory_interleaved(const uint8_t *_Nonnull nodes, size_t size);
/// pipe2 with O_CLOEXEC.
int muster_pipe(int *_Nonnull ends);
/// Where the executable was loaded, and the name and object of an exported symbol: <link.h> and <dlfcn.h> with
/// _GNU_SOURCE.
uintptr_t muster_load_address(void);
const char *_Nullable muster_symbol_name(uintptr_t address, const char *_Nullable *_Nonnull object,
                                         uintptr_t *_Nonnull offset);
/// posix_spawn_file_actions_addchdir_np.
int muster_spawn_in_directory(posix_spawn_file_actions_t *_Nonnull actions, const char *_Nonnull directory);
/// The uid at the other end of a Unix socket, or -1: `struct ucred` needs _GNU_SOURCE.
int64_t muster_peer_uid(int fd);
/// The process that listens at the other end, or -1.
int64_t muster_peer_pid(int fd);
/// Sends a signal to exactly the process that a descriptor of `muster_pidfd_open` is for; 0, or -1 and errno.
int muster_pidfd_signal(int pidfd, int signal);

/// The ELF build-id of the running executable; returns its length, 0 when there is none.
size_t muster_build_id(uint8_t *_Nonnull out, size_t capacity);

/// Names a directory whose files and itself are unlinked should a terminating signal (HUP, INT, TERM) whose disposition
/// is still the default end the process. In C, because a signal handler may only call async-signal-safe functions.
void muster_remove_directory_on_signal(const char *_Nullable directory);

/// Remembers for each thread where it has thrown an error last, at most 64 return addresses (the runtime's
/// `_swift_willThrow` hook, which swift-testing uses as well).
void muster_record_throws(bool enabled);
/// The return addresses of the latest throw on this thread; forgets them.
int muster_take_throw(void *_Nullable *_Nonnull addresses, int capacity);

/// Has each signal of this number written to a descriptor, as one byte, instead of what it would do; in C, because a
/// handler may only call async-signal-safe functions.
int muster_watch_signal(int signal, int descriptor);
/// The signal does again what it did before.
void muster_unwatch_signal(int signal);
/// The signal does nothing, neither here nor, unlike SIG_IGN, in programs that are executed with exec.
void muster_survive_signal(int signal);

/// Makes standard output leave line by line although it is a pipe: `stdout` is a mutable global that Swift may not name.
void muster_line_buffer_output(void);

/// fwrite and fflush to `stderr` or `stdout`, for the same reason; whole, as against other threads that print.
void muster_write_stream(bool is_error, const void *_Nonnull bytes, size_t count);

/// Writes the type of a closure behind `#remote` (Swift's RemoteClosureRecord).
typedef void (*_Nonnull muster_closure_record)(void *_Nonnull place);
/// The records that such closures leave in the section muster_closures, and how many they are. In C, because Swift cannot
/// name the ends of a section.
const muster_closure_record *_Nullable muster_closure_records(long *_Nonnull count);
