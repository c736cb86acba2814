/// Numbers of tasks as Slurm writes them for the nodes of a job: `2(x3),1`.
///
/// Source: SLURM_TASKS_PER_NODE in sbatch(1).
public struct TaskCounts: Sendable, Hashable, CustomStringConvertible {
  /// For each node.
  public var counts: [Int]

  public init(_ counts: [Int]) { self.counts = counts }

  /// Reads counts.
  ///
  /// - Throws: `ClusterError` `.invalidArgument` that says where the text is wrong and what was expected.
  public init(parsing text: some StringProtocol) throws(ClusterError) {
    do { try self.init(Word(text)) } catch {
      throw ClusterError(error, in: "“\(text.prefix(200))” is no list of task counts")
    }
  }

  init(_ word: Word) throws(HostfileError) {
    counts = []
    for item in word.split(at: ",") {
      let (count, times) = try Self.item(item)
      guard counts.count + times <= NodeList.limit else { throw item.expected("at most \(NodeList.limit) nodes") }
      counts += Array(repeating: count, count: times)
    }
  }

  /// `2` or `2(x3)`
  private static func item(_ word: Word) throws(HostfileError) -> (count: Int, times: Int) {
    guard let (count, times) = word.cut(at: "(") else { return (try word.count(), 1) }
    guard times.text.hasPrefix("x"), let (number, rest) = times.dropFirst().cut(at: ")"), rest.isEmpty else {
      throw times.expected("xN) behind the parenthesis")
    }
    return (try count.count(), try number.number(in: 1...NodeList.limit, "a number of nodes"))
  }

  public var description: String {
    var runs: [(count: Int, times: Int)] = []
    for count in counts {
      if runs.last?.count == count { runs[runs.count - 1].times += 1 } else { runs.append((count, 1)) }
    }
    return runs.map { $0.times == 1 ? "\($0.count)" : "\($0.count)(x\($0.times))" }.joined(separator: ",")
  }
}
