/// MPI 3 as Swift sees it. Header-only: a system library target compiles nothing.
///
/// Functions come in as they are. Handles are macros with casts, which Swift cannot import, and differ between the
/// implementations (pointers in Open MPI, numbers in MPICH), hence the functions below.
#pragma once
#include <mpi.h>
#include <stdint.h>

#if MPI_VERSION < 3
#error "MusterMPI needs MPI 3 (matched probes)"
#endif

/// Handles in structures: the same for Swift whatever they are in this implementation.
struct muster_mpi_communicator {
  MPI_Comm handle;
};

struct muster_mpi_request {
  MPI_Request handle;
};

static inline struct muster_mpi_communicator muster_mpi_world(void) {
  struct muster_mpi_communicator world = {MPI_COMM_WORLD};
  return world;
}

static inline MPI_Status *muster_mpi_status_ignore(void) { return MPI_STATUS_IGNORE; }

static inline void *muster_mpi_in_place(void) { return MPI_IN_PLACE; }

/// Another communicator of the same ranks, whose errors are returned.
static inline int muster_mpi_duplicate(
    struct muster_mpi_communicator communicator, struct muster_mpi_communicator *copy) {
  int error = MPI_Comm_dup(communicator.handle, &copy->handle);
  return error != MPI_SUCCESS ? error : MPI_Comm_set_errhandler(copy->handle, MPI_ERRORS_RETURN);
}

/// A communicator of some ranks of another; collective over those only.
static inline int muster_mpi_create_group(
    struct muster_mpi_communicator communicator, const int *ranks, int count, int tag,
    struct muster_mpi_communicator *created) {
  MPI_Group all, some;
  MPI_Comm_group(communicator.handle, &all);
  MPI_Group_incl(all, count, ranks, &some);
  int error = MPI_Comm_create_group(communicator.handle, some, tag, &created->handle);
  MPI_Group_free(&some);
  MPI_Group_free(&all);
  return error != MPI_SUCCESS ? error : MPI_Comm_set_errhandler(created->handle, MPI_ERRORS_RETURN);
}

static inline int muster_mpi_free(struct muster_mpi_communicator *communicator) {
  return MPI_Comm_free(&communicator->handle);
}

static inline int muster_mpi_rank(struct muster_mpi_communicator communicator) {
  int rank = 0;
  MPI_Comm_rank(communicator.handle, &rank);
  return rank;
}

static inline int muster_mpi_size(struct muster_mpi_communicator communicator) {
  int size = 0;
  MPI_Comm_size(communicator.handle, &size);
  return size;
}

/// A message that has been matched by `muster_mpi_improbe` and is to be received.
struct muster_mpi_matched {
  MPI_Message message;
  int source;
  int tag;
  int count;
};

/// Matches the next message from anybody, if there is one (MPI_Improbe): 1 if there is, 0 if not, or minus the error.
static inline int muster_mpi_improbe(
    struct muster_mpi_communicator communicator, struct muster_mpi_matched *matched) {
  int flag = 0;
  MPI_Status status;
  int error = MPI_Improbe(MPI_ANY_SOURCE, MPI_ANY_TAG, communicator.handle, &flag, &matched->message, &status);
  if (error != MPI_SUCCESS) return -error;
  if (!flag) return 0;
  matched->source = status.MPI_SOURCE;
  matched->tag = status.MPI_TAG;
  MPI_Get_count(&status, MPI_BYTE, &matched->count);
  return 1;
}

static inline int muster_mpi_mrecv(struct muster_mpi_matched *matched, void *buffer) {
  return MPI_Mrecv(buffer, matched->count, MPI_BYTE, &matched->message, MPI_STATUS_IGNORE);
}

static inline int muster_mpi_isend(
    const void *bytes, int count, int rank, int tag, struct muster_mpi_communicator communicator,
    struct muster_mpi_request *request) {
  return MPI_Isend(bytes, count, MPI_BYTE, rank, tag, communicator.handle, &request->handle);
}

static inline int muster_mpi_irecv(
    void *bytes, int count, int rank, int tag, struct muster_mpi_communicator communicator,
    struct muster_mpi_request *request) {
  return MPI_Irecv(bytes, count, MPI_BYTE, rank, tag, communicator.handle, &request->handle);
}

/// Whether a request has completed: 1, 0, or minus the error.
static inline int muster_mpi_test(struct muster_mpi_request *request) {
  int flag = 0;
  int error = MPI_Test(&request->handle, &flag, MPI_STATUS_IGNORE);
  return error != MPI_SUCCESS ? -error : flag;
}

static inline int muster_mpi_send(
    const void *bytes, int count, int rank, int tag, struct muster_mpi_communicator communicator) {
  return MPI_Send(bytes, count, MPI_BYTE, rank, tag, communicator.handle);
}

static inline int muster_mpi_receive(
    void *bytes, int count, int rank, int tag, struct muster_mpi_communicator communicator) {
  return MPI_Recv(bytes, count, MPI_BYTE, rank, tag, communicator.handle, MPI_STATUS_IGNORE);
}

static inline int muster_mpi_broadcast(
    void *bytes, int count, int root, struct muster_mpi_communicator communicator) {
  return MPI_Bcast(bytes, count, MPI_BYTE, root, communicator.handle);
}

/// `all` holds `count` bytes of every rank.
static inline int muster_mpi_allgather(
    const void *bytes, int count, void *all, struct muster_mpi_communicator communicator) {
  return MPI_Allgather(bytes, count, MPI_BYTE, all, count, MPI_BYTE, communicator.handle);
}

static inline int muster_mpi_ibarrier(
    struct muster_mpi_communicator communicator, struct muster_mpi_request *request) {
  return MPI_Ibarrier(communicator.handle, &request->handle);
}

/// The types of C that Swift's numbers are, by their kind (0 signed, 1 unsigned, 2 floating point) and size in bytes.
static inline MPI_Datatype muster_mpi_datatype(int kind, int size) {
  switch (kind * 16 + size) {
    case 1: return MPI_INT8_T;
    case 2: return MPI_INT16_T;
    case 4: return MPI_INT32_T;
    case 8: return MPI_INT64_T;
    case 17: return MPI_UINT8_T;
    case 18: return MPI_UINT16_T;
    case 20: return MPI_UINT32_T;
    case 24: return MPI_UINT64_T;
    case 36: return MPI_FLOAT;
    case 40: return MPI_DOUBLE;
    default: return MPI_BYTE;
  }
}

static inline MPI_Op muster_mpi_sum(void) { return MPI_SUM; }
static inline MPI_Op muster_mpi_product(void) { return MPI_PROD; }
static inline MPI_Op muster_mpi_minimum(void) { return MPI_MIN; }
static inline MPI_Op muster_mpi_maximum(void) { return MPI_MAX; }
