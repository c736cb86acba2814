import Synchronization

/// Brings a function to many processes: directly to a few, which pass it on to the others, so that the time grows with
/// the logarithm of their number. Where workers have no connections to each other, directly to all.
struct Spreading<F: RemoteThunk>: Sendable {
  let cluster: Cluster
  /// Which call of `everywhere` it is.
  let id: RRID
  let function: F

  /// Returns the errors in the order of the targets.
  func runOnAll(_ pids: [ProcessID]) async -> [any Error] {
    let me = cluster.myid
    let targets = pids.enumerated().map { SpreadTarget(pid: $1, position: $0) }
    // What is sent to others leaves before this process begins to work itself.
    async let others = reach(targets.filter { $0.pid != me })
    async let mine = runHere(targets.filter { $0.pid == me })
    var outcome = await others
    outcome.merge(await mine)
    // Whoever was to be reached over a process that is lost, or that cannot connect to them.
    let missed = outcome.report.unreached.sorted()
    outcome.report.unreached = []
    outcome.merge(await reachDirectly(missed.map { targets[$0] }))
    return targets.compactMap { outcome.error(at: $0.position) }
  }

  private func runHere(_ targets: [SpreadTarget]) async -> SpreadOutcome {
    await collect(targets) { target in
      do { _ = try await cluster.call(function, on: target.pid, Nothing()) } catch {
        return SpreadOutcome(errors: [target.position: error])
      }
      return SpreadOutcome()
    }
  }

  // MARK: The tree

  /// Reaches all targets, over others if there are many.
  func reach(_ targets: [SpreadTarget]) async -> SpreadOutcome {
    guard cluster.members.withLock({ $0.topology }) == .allToAll else { return await reachDirectly(targets) }
    let branches = splitrange(0..<targets.count, into: SpreadTarget.fanOut).map { targets[$0] }
    return await collect(branches) { branch in
      async let first = call(branch.first!)
      async let others = passOn(branch)
      var outcome = await first
      outcome.merge(await others)
      return outcome
    }
  }

  private func reachDirectly(_ targets: [SpreadTarget]) async -> SpreadOutcome { await collect(targets, call) }

  private func call(_ target: SpreadTarget) async -> SpreadOutcome {
    var outcome = SpreadOutcome()
    do {
      let call = EverywhereCall(id: id, position: target.position, function: function)
      outcome.report.failures[target.position] = try await cluster.call(call, on: target.pid, Nothing())
    } catch {
      outcome.errors[target.position] = error
    }
    return outcome
  }

  /// Has the first of a branch reach the others.
  private func passOn(_ branch: ArraySlice<SpreadTarget>) async -> SpreadOutcome {
    let others = Array(branch.dropFirst())
    guard !others.isEmpty else { return SpreadOutcome() }
    do {
      let passOn = PassOn(id: id, targets: others, function: function)
      return SpreadOutcome(report: try await cluster.call(passOn, on: branch.first!.pid, Nothing()))
    } catch {
      return SpreadOutcome(report: SpreadReport(unreached: others.map(\.position)))
    }
  }

  /// Does something with all items at the same time.
  private func collect<Item: Sendable>(
    _ items: [Item], _ body: @escaping @Sendable (Item) async -> SpreadOutcome
  ) async -> SpreadOutcome {
    await withTaskGroup(of: SpreadOutcome.self) { group in
      for item in items { group.addTask { await body(item) } }
      return await group.reduce(into: SpreadOutcome()) { $0.merge($1) }
    }
  }
}

struct SpreadTarget: Codable, Sendable {
  /// How many processes one process calls; each passes the call on to its share of the rest.
  static let fanOut = 16

  let pid: ProcessID
  /// Its place among the targets, which may name a process more than once.
  let position: Int
}

/// What a process that passes a call on knows of its part: a position that is not mentioned has run it.
struct SpreadReport: Codable, Sendable {
  var failures: [Int: BatchFailure] = [:]
  /// Of these, nothing is known.
  var unreached: [Int] = []
}

/// A report, and why positions could not be reached directly.
struct SpreadOutcome: Sendable {
  var report = SpreadReport()
  var errors: [Int: any Error] = [:]

  mutating func merge(_ other: SpreadOutcome) {
    report.failures.merge(other.report.failures) { first, _ in first }
    report.unreached += other.report.unreached
    errors.merge(other.errors) { first, _ in first }
  }

  func error(at position: Int) -> (any Error)? { errors[position] ?? report.failures[position]?.error }
}
