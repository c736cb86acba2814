/// How often each process holds a value, told apart by who registered the hold; nearly always there is one.
///
/// A count may be negative for a while: the holder's release may overtake the registration, which comes from another
/// process. It is kept per registrar so that it is known what can never be balanced once that process has gone.
struct Holds: Sendable {
  private struct Count: Sendable {
    var holder: ProcessID
    var registrar: ProcessID
    var count: Int
  }

  private var first: Count
  private var others: [Count] = []

  /// None yet.
  ///
  /// - Parameter maker: who made the reference; its own are counted first.
  init(maker: ProcessID) { first = Count(holder: maker, registrar: maker, count: 0) }

  var isEmpty: Bool { first.count == 0 && others.isEmpty }

  var holders: Set<ProcessID> { Set(([first] + others).filter { $0.count > 0 }.map(\.holder)) }

  func count(of holder: ProcessID, registrar: ProcessID) -> Int {
    ([first] + others).first { $0.holder == holder && $0.registrar == registrar }?.count ?? 0
  }

  mutating func change(_ holder: ProcessID, registrar: ProcessID, by change: Int) {
    if holder == first.holder, registrar == first.registrar {
      first.count += change
    } else if let index = others.firstIndex(where: { $0.holder == holder && $0.registrar == registrar }) {
      others[index].count += change
      if others[index].count == 0 { others.remove(at: index) }
    } else {
      others.append(Count(holder: holder, registrar: registrar, count: change))
    }
  }

  /// A process has gone: it holds nothing, and what it would still have registered does not come.
  mutating func remove(_ process: ProcessID) {
    func isOver(_ count: Count) -> Bool {
      count.holder == process || (count.registrar == process && count.count < 0)
    }
    if isOver(first) { first.count = 0 }
    others.removeAll(where: isOver)
  }
}
