#if MPI
  import CMPI
  import Logging
  import Muster
  import Synchronization

  /// A function that several ranks run together and that may call MPI.
  public protocol MPIFunction<Output>: Codable, Sendable {
    associatedtype Output: Codable & Sendable
    func callAsFunction(_ communicator: MPICommunicator) async throws -> Output
  }

  /// Runs a function on every rank, with a communicator of all of them.
  ///
  /// If it takes longer than `patience`, a warning says which ranks wait where; if one has failed by then, the others
  /// are cancelled, as they would wait for it for ever.
  ///
  /// - Parameters:
  ///   - manager: whose ranks.
  ///   - function: what to run.
  ///   - patience: after how long to look what the ranks do.
  /// - Returns: the results in the order of the ranks.
  /// - Throws: `CompositeError` with the errors of all ranks that failed, in the order of the ranks.
  @discardableResult
  public func mpiDo<F: MPIFunction>(
    _ manager: some MPIRanks, _ function: F, patience: Duration = .seconds(10)
  ) async throws -> [F.Output] {
    let ranks = manager.mpiprocs
    return try await MPISession(ranks: Array(ranks.indices), pids: ranks, patience: patience).run(function)
  }

  /// Runs a function on some ranks that are idle, with a communicator of those; waits until there are so many.
  ///
  /// - Parameters:
  ///   - manager: whose ranks.
  ///   - count: how many.
  ///   - function: what to run.
  ///   - patience: after how long to look what the ranks do.
  /// - Returns: the results in the order of the ranks.
  /// - Throws: `ClusterError` `.invalidArgument` if there are never so many; `CompositeError`.
  @discardableResult
  public func mpiDo<F: MPIFunction>(
    _ manager: some MPIRanks, on count: Int, _ function: F, patience: Duration = .seconds(10)
  ) async throws -> [F.Output] {
    let ranks = manager.mpiprocs
    guard count > 0 else { throw ClusterError(.invalidArgument, "mpiDo(on: \(count)): at least one rank is needed") }
    let taken = try await IdleRanks.shared.take(count) { procs(manager) }
    defer { IdleRanks.shared.put(taken) }
    let members = taken.map { pid in ranks.firstIndex(of: pid)! }.sorted()
    return try await MPISession(ranks: members, pids: members.map { ranks[$0] }, patience: patience).run(function)
  }

  /// One `mpiDo`.
  struct MPISession {
    private static let latest = Mutex<UInt64>(0)

    let id: UInt64
    /// Of the job.
    let ranks: [Int]
    /// Their processes.
    let pids: [ProcessID]
    let patience: Duration

    init(ranks: [Int], pids: [ProcessID], patience: Duration) {
      id = Self.latest.withLock { latest in
        latest += 1
        return latest
      }
      (self.ranks, self.pids, self.patience) = (ranks, pids, patience)
    }

    func run<F: MPIFunction>(_ function: F) async throws -> [F.Output] {
      let call = RunOnRank(session: id, ranks: ranks.map { Int32($0) }, starter: myid(), function: function)
      try await Assembly.begin(id, pids)
      defer { Assembly.end(id) }
      return try await withThrowingTaskGroup(of: (Int, Result<F.Output, any Error>)?.self) { group in
        for (index, pid) in pids.enumerated() {
          group.addTask {
            defer { Assembly.hasArrived(pid, id) }
            do { return (index, .success(try await cancellableCall(call, on: pid, grace: patience))) } catch {
              return (index, .failure(error))
            }
          }
        }
        group.addTask { await self.pause() }
        var results: [Int: Result<F.Output, any Error>] = [:]
        while results.count < pids.count, let next = try await group.next() {
          if let (index, result) = next {
            results[index] = result
          } else {
            await report(missing: pids.indices.filter { results[$0] == nil })
            if results.values.contains(where: { if case .failure = $0 { true } else { false } }) {
              group.cancelAll()
            } else {
              group.addTask { await self.pause() }
            }
          }
        }
        group.cancelAll()
        return try outcome(results)
      }
    }

    /// Lets some time go by; gives nothing.
    private func pause<Value>() async -> Value? {
      try? await Task.sleep(for: patience)
      return nil
    }

    private func outcome<Output>(_ results: [Int: Result<Output, any Error>]) throws -> [Output] {
      var (values, errors): ([Output], [any Error]) = ([], [])
      for index in pids.indices {
        switch results[index]! {
        case .success(let value): values.append(value)
        case .failure(let error): errors.append(error)
        }
      }
      guard errors.isEmpty else {
        // Who was cancelled because another one had failed has nothing to say.
        let causes = errors.filter { !Self.isCancellation($0) }
        throw CompositeError(errors: causes.isEmpty ? errors : causes)
      }
      return values
    }

    private static func isCancellation(_ error: any Error) -> Bool {
      guard let error = error as? RemoteError else { return error is CancellationError }
      return error.underlying is CancellationError || (error.underlying as? ClusterError)?.code == .interrupted
    }

    /// Says which ranks wait where.
    private func report(missing: [Int]) async {
      let lines = await withTaskGroup(of: (Int, String).self) { group in
        for index in missing {
          group.addTask { (index, await self.place(of: pids[index])) }
        }
        var places: [(Int, String)] = []
        for await place in group { places.append(place) }
        return places.sorted { $0.0 < $1.0 }.map { "rank \(ranks[$0.0]) (process \(pids[$0.0])) \($0.1)" }
      }
      clusterLogger(.mpi).warning("mpiDo has not finished after \(patience): \(lines.joined(separator: "; "))")
    }

    private func place(of pid: ProcessID) async -> String {
      await withTaskGroup(of: String?.self) { group in
        group.addTask { try? await callAside(WhereInSession(session: self.id), on: pid) }
        group.addTask {
          try? await Task.sleep(for: .seconds(2))
          return nil
        }
        defer { group.cancelAll() }
        return await group.next()?.flatMap { $0 } ?? "does not answer"
      }
    }
  }

  /// What runs on each rank.
  struct RunOnRank<F: MPIFunction>: RemoteThunk {
    let session: UInt64
    let ranks: [Int32]
    let starter: ProcessID
    let function: F

    func callAsFunction() async throws -> F.Output {
      guard let world = MPIWorld.current else {
        throw ClusterError(.invalidArgument, "mpiDo: this process is no rank of an MPI job")
      }
      let presence = Presence.begin(session)
      defer { Presence.end(session) }
      presence.enter("the making of the communicator")
      let handle = CommunicatorHandle(try await world.communicator(of: ranks, session: session))
      presence.leave()
      defer { world.free(handle) }
      try await remoteDo(HasCommunicator(session: session, pid: myid()), on: starter)
      let communicator = MPICommunicator(handle, world.access, presence)
      guard let thread = world.access.thread else { return try await function(communicator) }
      return try await withTaskExecutorPreference(thread) { try await function(communicator) }
    }
  }
#endif
