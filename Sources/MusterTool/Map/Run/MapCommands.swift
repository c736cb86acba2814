import Synchronization

/// The commands of a map, as the input comes; without those that are done already.
final class MapCommands: Sendable {
  private struct State {
    var resumption: Resumption
    var sequence = 0
    /// Read before they were asked for.
    var counted: [MapJob]?
  }

  private let template: CommandTemplate
  private let lists: ListBox
  private let skipped: @Sendable (_ sequence: Int) -> Void
  private let state: Mutex<State>

  /// The input, for the one task that reads it.
  // @unchecked: used under the Mutex of `state` only.
  private final class ListBox: @unchecked Sendable {
    let lists: ArgumentLists
    init(_ lists: ArgumentLists) { self.lists = lists }
  }

  /// - Parameter skipped: hears of those that are done.
  init(
    _ template: CommandTemplate, _ lists: ArgumentLists, _ resumption: Resumption,
    skipped: @escaping @Sendable (_ sequence: Int) -> Void
  ) {
    self.template = template
    self.lists = ListBox(lists)
    self.skipped = skipped
    state = Mutex(State(resumption: resumption))
  }

  /// What has gone wrong with the input.
  var failure: MapError? { state.withLock { _ in lists.lists.failure } }

  /// Blocks until there is one.
  func next() -> MapJob? {
    state.withLock { state in
      if state.counted != nil { return state.counted!.popLast() }
      return read(&state)
    }
  }

  /// Reads the input to its end.
  ///
  /// - Returns: how many commands there are.
  func count() -> Int {
    state.withLock { state in
      var jobs: [MapJob] = []
      while let job = read(&state) { jobs.append(job) }
      jobs.reverse()
      state.counted = jobs
      return jobs.count
    }
  }

  private func read(_ state: inout State) -> MapJob? {
    while let arguments = lists.lists.next() {
      state.sequence += 1
      let text = template(arguments, sequence: state.sequence)
      if state.resumption.takes(text, sequence: state.sequence) {
        skipped(state.sequence)
      } else {
        return MapJob(sequence: state.sequence, arguments: arguments, text: text)
      }
    }
    return nil
  }
}
