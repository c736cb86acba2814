#if MPI
  import CMPI
  import Muster
  import Synchronization

  /// The ranks that run a function of `mpiDo` together, which may talk to each other by MPI.
  ///
  /// The operations here wait without keeping a thread, and can be cancelled. Any other function of MPI can be called in
  /// `withMPI`; it is a communicator of its own, so nothing that is sent there can be mistaken for a message of Muster's.
  public final class MPICommunicator: Sendable {
    /// This rank, among those of the communicator.
    public let rank: Int
    /// How many ranks there are.
    public let size: Int
    let handle: CommunicatorHandle
    let access: MPIAccess
    private let presence: Presence

    init(_ handle: CommunicatorHandle, _ access: MPIAccess, _ presence: Presence) {
      self.handle = handle
      self.access = access
      self.presence = presence
      rank = access { Int(muster_mpi_rank(handle.value)) }
      size = access { Int(muster_mpi_size(handle.value)) }
    }

    /// Calls functions of MPI's C interface, on a thread that may.
    ///
    /// Where the thread level is not MULTIPLE, nothing is received meanwhile: what waits long for other ranks is better
    /// done with the operations of this type.
    ///
    /// - Parameter body: gets the communicator's handle.
    public func withMPI<Result: Sendable, Failure: Error>(
      _ body: (MPI_Comm) throws(Failure) -> Result
    ) throws(Failure) -> Result {
      presence.enter("a call of MPI of its own")
      defer { presence.leave() }
      return try access { () throws(Failure) in try body(handle.value.handle) }
    }

    // MARK: Operations

    /// Waits until all ranks have come here.
    public func barrier() async throws {
      try await complete("barrier") { request in muster_mpi_ibarrier(handle.value, &request) }
    }

    /// Makes the numbers of all ranks those of one; all have equally many.
    public func broadcast<Number: MPINumber>(_ values: inout [Number], root: Int = 0) async throws {
      let buffer = NumberBuffer(values)
      try await complete("broadcast", buffer) { request in
        MPI_Ibcast(
          buffer.address, buffer.count, Number.datatype, Int32(root), handle.value.handle, &request.handle)
      }
      values = buffer.array
    }

    /// Combines the numbers of all ranks, each with those at the same position.
    ///
    /// - Returns: the results on rank `root`, nothing on the others.
    public func reduce<Number: MPINumber>(
      _ values: [Number], _ reduction: MPIReduction, root: Int = 0
    ) async throws -> [Number]? {
      let (buffer, result) = (NumberBuffer(values), NumberBuffer<Number>(count: values.count))
      try await complete("reduce", buffer, result) { request in
        MPI_Ireduce(
          buffer.address, result.address, buffer.count, Number.datatype, reduction.operation, Int32(root),
          handle.value.handle, &request.handle)
      }
      return rank == root ? result.array : nil
    }

    /// Combines the numbers of all ranks, each with those at the same position; all get the results.
    public func allreduce<Number: MPINumber>(_ values: [Number], _ reduction: MPIReduction) async throws -> [Number] {
      let (buffer, result) = (NumberBuffer(values), NumberBuffer<Number>(count: values.count))
      try await complete("allreduce", buffer, result) { request in
        MPI_Iallreduce(
          buffer.address, result.address, buffer.count, Number.datatype, reduction.operation, handle.value.handle,
          &request.handle)
      }
      return result.array
    }

    /// Collects the numbers of all ranks, of which all have equally many.
    ///
    /// - Returns: on rank `root` those of each rank, nothing on the others.
    public func gather<Number: MPINumber>(_ values: [Number], root: Int = 0) async throws -> [[Number]]? {
      let buffer = NumberBuffer(values)
      let result = NumberBuffer<Number>(count: rank == root ? values.count * size : 0)
      try await complete("gather", buffer, result) { request in
        MPI_Igather(
          buffer.address, buffer.count, Number.datatype, result.address, buffer.count, Number.datatype, Int32(root),
          handle.value.handle, &request.handle)
      }
      guard rank == root else { return nil }
      let all = result.array
      return (0..<size).map { Array(all[($0 * values.count)..<(($0 + 1) * values.count)]) }
    }

    /// Sends numbers to one rank and receives as many from another.
    public func sendrecv<Number: MPINumber>(
      _ values: [Number], to destination: Int, from source: Int
    ) async throws -> [Number] {
      let (buffer, result) = (NumberBuffer(values), NumberBuffer<Number>(count: values.count))
      // Before anything is sent: a send cannot be taken back.
      try Task.checkCancellation()
      let sending = try begin("MPI_Isend") { request in
        MPI_Isend(
          buffer.address, buffer.count, Number.datatype, Int32(destination), 0, handle.value.handle, &request.handle)
      }
      do {
        try await complete("sendrecv", buffer, result) { request in
          MPI_Irecv(
            result.address, result.count, Number.datatype, Int32(source), 0, handle.value.handle, &request.handle)
        }
      } catch {
        abandon(buffer)
        throw error
      }
      try await wait(for: sending, "sendrecv", buffer)
      return result.array
    }

    // MARK: How they wait

    private func complete(
      _ name: String, _ buffers: (any Sendable)?..., start: (inout muster_mpi_request) -> Int32
    ) async throws {
      try Task.checkCancellation()
      presence.enter(name)
      defer { presence.leave() }
      try await wait(for: begin(name, start), name, buffers)
    }

    private func begin(_ name: String, _ start: (inout muster_mpi_request) -> Int32) throws -> muster_mpi_request {
      var request = muster_mpi_request()
      guard let code = access.unlessOver({ start(&request) }) else { throw CancellationError() }
      try MPIWorld.check(code, name)
      return request
    }

    /// - Parameter buffers: used by MPI until then.
    private func wait(for request: muster_mpi_request, _ name: String, _ buffers: any Sendable) async throws {
      if try await access.wait(for: request, name) { return }
      abandon(buffers)
      throw CancellationError()
    }

    /// MPI cannot take back what was started: what it may still read and write stays, and the communicator is of no more
    /// use.
    private func abandon(_ buffers: any Sendable) {
      handle.isAbandoned.store(true, ordering: .relaxed)
      _ = Unmanaged.passRetained(KeptForEver(buffers))
    }
  }

  /// A communicator and whether it can still be used.
  // @unchecked: the handle is only read until it is freed, which its last user does.
  final class CommunicatorHandle: @unchecked Sendable {
    let value: muster_mpi_communicator
    let isAbandoned = Atomic<Bool>(false)

    init(_ value: muster_mpi_communicator) { self.value = value }
  }

  private final class KeptForEver {
    let value: any Sendable
    init(_ value: any Sendable) { self.value = value }
  }

  /// Memory that MPI may use while nobody looks.
  // @unchecked: MPI writes to it before the request has completed, Swift reads it afterwards.
  final class NumberBuffer<Number: MPINumber>: @unchecked Sendable {
    private let memory: UnsafeMutableBufferPointer<Number>

    init(_ values: [Number]) {
      memory = .allocate(capacity: values.count)
      _ = memory.initialize(from: values)
    }

    init(count: Int) {
      memory = .allocate(capacity: count)
      memory.initialize(repeating: .zero)
    }

    deinit { memory.deallocate() }

    var address: UnsafeMutableRawPointer? { UnsafeMutableRawPointer(memory.baseAddress) }
    var count: Int32 { Int32(memory.count) }
    var array: [Number] { Array(memory) }
  }
#endif
