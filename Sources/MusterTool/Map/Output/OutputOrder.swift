/// Which output is written next: what has finished, or, in the order of the input, what comes next; a plain value.
struct OutputOrder: Sendable {
  private let keepsOrder: Bool
  private var ready: [FinishedCommand] = []
  private var held: [Int: FinishedCommand?] = [:]
  private var next = 1

  init(keepsOrder: Bool) { self.keepsOrder = keepsOrder }

  var isEmpty: Bool { ready.isEmpty }

  mutating func add(_ finished: FinishedCommand) {
    guard keepsOrder else {
      ready.append(finished)
      return
    }
    held[finished.sequence] = .some(finished)
    release()
  }

  /// There will be no output of this one.
  mutating func skip(_ sequence: Int) {
    guard keepsOrder else { return }
    held[sequence] = .some(nil)
    release()
  }

  /// Nothing more comes: what waits for others that will not come goes out.
  mutating func finish() {
    for sequence in held.keys.sorted() { if let finished = held[sequence]! { ready.append(finished) } }
    held = [:]
  }

  /// What can be written now.
  mutating func takeReady() -> [FinishedCommand] {
    defer { ready = [] }
    return ready
  }

  private mutating func release() {
    while let finished = held.removeValue(forKey: next) {
      if let finished { ready.append(finished) }
      next += 1
    }
  }
}
