/// What a journal has of one map.
struct MapRecord<Output: Codable & Sendable>: Sendable {
  /// What earlier runs have found out.
  let values: [Output?]
  private let keys: [JournalKey]
  private let journal: Journal

  init<F: RemoteFunction>(_ function: F, _ items: [F.Input], _ journal: Journal) throws where F.Output == Output {
    let maker = try JournalKey.Maker(function)
    keys = try items.map { try maker.key(of: $0) }
    // Equal items have one result each.
    var entries = journal.entries.mapValues { $0[...] }
    values = keys.map { key in
      entries[key]?.popFirst().flatMap { try? EncodedValue.decode(Output.self, from: $0) }
    }
    self.journal = journal
  }

  var path: String { journal.path }

  /// - Throws: what prevents the value from being encoded; `ClusterError` `.journalFailed`.
  func keep(_ value: Output, at position: Int, in cluster: Cluster) throws {
    if let failure = journal.failure { throw failure }
    let encoded = try EncodedValue(value)
    guard !encoded.dependsOnDestination else {
      throw ClusterError(.invalidArgument, "pmap: a result holds a future, a channel or a pool: no journal is possible")
    }
    journal.append(JournalEntry(key: keys[position], value: encoded.bytes), in: cluster)
  }

  /// Waits until everything is on the disk; returns what has prevented that.
  func sync() async -> (any Error)? {
    do { try await journal.sync() } catch { return error }
    return nil
  }
}
